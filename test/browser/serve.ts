import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

const types: Record<string, string> = { js: "text/javascript", html: "text/html" };
const empty = "<!doctype html><title>test</title>";

/** With these a page may share memory between its threads. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** Serves texts by path on this machine alone until the test ends, and an empty page at `/`. */
export async function serve(
  files: Record<string, string>,
  { isolated }: { isolated: boolean },
): Promise<string> {
  const server = createServer(({ url = "/" }, response) => {
    const content = url === "/" ? empty : files[url];
    const type = types[url.split(".").at(-1)!] ?? "text/html";
    response.writeHead(content === undefined ? 404 : 200, {
      "Content-Type": `${type}; charset=utf-8`,
      ...(isolated ? isolation : {}),
    });
    response.end(content);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
