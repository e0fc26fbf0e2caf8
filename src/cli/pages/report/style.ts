/** Looks of a report, on a screen and on paper. */
export const reportStyle = /* css */ `
:root { --text: #1d2430; --quiet: #5a6475; --line: #dce1e8; --accent: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0; background: #f3f5f8; color: var(--text); font: 15px/1.55 system-ui, "Segoe UI", "Helvetica Neue", sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 40px 24px 80px; }
h1 { margin: 0; font-size: 28px; letter-spacing: -0.02em; }
.subtitle { margin: 4px 0 28px; color: var(--quiet); }
section { background: white; border: 1px solid var(--line); border-radius: 12px; padding: 20px 24px; margin: 0 0 18px; overflow-x: auto; }
h2 { margin: 0 0 10px; font-size: 18px; letter-spacing: -0.01em; }
p { margin: 0 0 12px; white-space: pre-line; max-width: 75ch; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 4px 0 12px; }
th { text-align: left; font-weight: 600; color: var(--quiet); }
th, td { padding: 5px 18px 5px 0; border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; }
.plots { display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: flex-start; }
figure { margin: 0; position: relative; }
pre { margin: 0; font: 12.5px/1.5 ui-monospace, Menlo, Consolas, monospace; white-space: pre-wrap; }
iframe { width: 100%; height: 640px; border: 1px solid var(--line); border-radius: 10px; }
details.vega-actions, .vega-embed details { opacity: 0.35; }
nav { margin: 0 0 20px; color: var(--quiet); } nav a { color: var(--accent); text-decoration: none; margin-right: 14px; }
@media print { body { background: white; } section { break-inside: avoid; border: 0; padding: 0; } nav, iframe { display: none; } }
`;
