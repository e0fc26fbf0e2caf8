/** Looks of the page; colors follow the theme. */
export const style = /* css */ `
:root { color-scheme: light; --page: #f3f5f8; --card: #ffffff; --line: #dce1e8; --text: #1d2430; --quiet: #667081; --accent: #0072b2; }
:root[data-theme="dark"] { color-scheme: dark; --page: #070a0f; --card: #0d1117; --line: #232b36; --text: #e6eaf0; --quiet: #8b95a5; --accent: #4ea8ff; }
* { box-sizing: border-box; }
body { margin: 0; height: 100vh; overflow: hidden; display: grid; grid-template-columns: minmax(0, 1fr) 276px;
  background: var(--page); color: var(--text); font: 13px/1.45 ui-sans-serif, system-ui, "Segoe UI", sans-serif; }
main { position: relative; display: grid; gap: 8px; padding: 8px; grid-template: minmax(0, 1.25fr) minmax(0, 1fr) / minmax(0, 1.45fr) minmax(0, 1fr); }
main > canvas { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.under { z-index: 0; } .hits { z-index: 1; } .over { z-index: 2; }
.card { position: relative; z-index: 3; border: 1px solid var(--line); border-radius: 10px; }
.card.space { grid-row: 1 / 3; }
.view { position: absolute; inset: 0; cursor: grab; touch-action: none; }
.view:active { cursor: grabbing; }
.card.xy .view, .card.rz .view { inset: 24px 16px 42px 56px; cursor: crosshair; }
main[data-large] { grid-template: minmax(0, 1fr) / minmax(0, 1fr); }
main[data-large] .card { display: none; }
main[data-large="space"] .space, main[data-large="xy"] .xy, main[data-large="rz"] .rz { display: block; grid-area: 1 / 1; }
.tools { position: absolute; top: 6px; right: 8px; z-index: 4; display: flex; gap: 2px; }
.tools button { border: 0; background: none; padding: 2px 6px; color: var(--quiet); }
header { position: absolute; z-index: 4; top: 14px; left: 18px; pointer-events: none; }
h1 { margin: 0; font-size: 18px; font-weight: 650; letter-spacing: -0.01em; }
header p { margin: 1px 0 0; color: var(--quiet); }
aside { background: var(--card); border-left: 1px solid var(--line); padding: 14px 16px; overflow-y: auto; }
h2 { margin: 16px 0 6px; font-size: 11px; font-weight: 650; text-transform: uppercase; letter-spacing: 0.06em; color: var(--quiet); }
aside h2:first-child { margin-top: 0; }
label { display: flex; justify-content: space-between; align-items: center; gap: 8px; min-height: 26px; }
label[hidden] { display: none; }
select, button { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: 3px 8px; }
button { cursor: pointer; } button:hover { color: var(--accent); }
input { accent-color: var(--accent); } input[type="range"] { width: 108px; }
output { color: var(--quiet); font-variant-numeric: tabular-nums; min-width: 52px; text-align: right; }
dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 2px 10px; margin: 0; font-variant-numeric: tabular-nums; }
dt { color: var(--quiet); } dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
.hint { color: var(--quiet); margin: 0; }
.row { display: flex; gap: 6px; margin-top: 14px; } .row button { flex: 1; }
.key { display: flex; align-items: center; gap: 8px; color: var(--quiet); margin: 4px 0; }
.key i { width: 10px; height: 10px; border-radius: 50%; flex: none; } .key i.ring { background: none; border: 2.5px solid; }
.key i.ramp { width: 100%; border-radius: 4px; height: 8px; flex: 1; }
.problem { padding: 24px; }
@media (max-width: 900px) { body { grid-template-columns: minmax(0, 1fr) 200px; } input[type="range"] { width: 64px; } }
`;
