/** In a page: the data that `htmlPage` put there. */
export const readData = (): unknown => JSON.parse(document.getElementById("data")!.textContent);
