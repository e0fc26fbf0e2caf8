/** The catalogue of losses. */
export { maskedMse, mse } from "./mse.ts";
