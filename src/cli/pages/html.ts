/** A page that is one file: its script and its data are inside, and it asks for nothing else. */
export interface PageOptions {
  readonly title: string;
  /** Source of the page's script; none by default. */
  readonly script?: string;
  readonly style?: string;
  /** HTML that stands in the page before its script runs. */
  readonly body?: string;
  /** What the script reads by `readData`; any JSON. */
  readonly data: unknown;
  /** Whether the script makes functions from text, as Vega does. */
  readonly makesCode?: boolean;
}

export function htmlPage(options: PageOptions): string {
  const { title, script = "", style = "", body = "", data, makesCode = false } = options;
  const policy = [
    "default-src 'none'", // nothing leaves the file
    `script-src 'unsafe-inline'${makesCode ? " 'unsafe-eval'" : ""}`,
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
    "frame-src 'self'", // an event display inside the page itself
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
<script type="application/json" id="data">${JSON.stringify(data).replaceAll("<", "\\u003c")}</script>
<script>${script.replaceAll(/<(\/script|!--)/gi, "\\x3c$1")}</script>
</body>
</html>
`;
}

export const escapeHtml = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
