/**
 * A report as one HTML file that opens offline: text, tables, interactive plots, event displays.
 * What a section says is up to the command that makes it.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeAtomic } from "../node/files.ts";
import type { Display, PlotSpec } from "../tracking/index.ts";
import { escapeHtml, htmlPage } from "./pages/html.ts";
import { reportStyle } from "./pages/report/style.ts";
import { pageScript } from "./pages/script.ts";
import { plotSvg } from "./plotSvg.ts";
import { displayPage } from "./view.ts";

export interface ReportSection {
  readonly heading: string;
  readonly text?: string;
  readonly table?: { readonly head: readonly string[]; readonly rows: readonly ReportRow[] };
  readonly plots?: readonly PlotSpec[];
  readonly display?: Display;
  /** Printed as it is, like a configuration. */
  readonly source?: string;
}

/** NaN is shown as a dash. */
export type ReportRow = readonly (string | number)[];

export interface Report {
  readonly title: string;
  readonly subtitle?: string;
  readonly sections: readonly ReportSection[];
}

/** Writes the page and, into a folder, each of its plots as an SVG file; returns their names. */
export async function writeReport(
  file: string,
  report: Report,
  { svg }: { svg?: string | undefined } = {},
): Promise<string[]> {
  writeAtomic(file, await reportPage(report));
  if (svg === undefined) return [file];
  mkdirSync(svg, { recursive: true });
  const files = [file];
  for (const { heading, plots = [] } of report.sections)
    for (const [p, plot] of plots.entries()) {
      const name = `${heading.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}-${p + 1}.svg`;
      writeAtomic(join(svg, name), await plotSvg(plot));
      files.push(join(svg, name));
    }
  return files;
}

export async function reportPage({ title, subtitle, sections }: Report): Promise<string> {
  const plots = sections.flatMap((section) => section.plots ?? []);
  const parts: string[] = [];
  for (const [s, section] of sections.entries()) {
    const before = sections.slice(0, s).flatMap((earlier) => earlier.plots ?? []).length;
    parts.push(await sectionHtml(section, s, before));
  }
  const contents = sections.map(
    ({ heading }, s) => `<a href="#section-${s}">${escapeHtml(heading)}</a>`,
  );
  const body = `<main>
<h1>${escapeHtml(title)}</h1>
<p class="subtitle">${escapeHtml(subtitle ?? "")}</p>
${sections.length > 2 ? `<nav>${contents.join("")}</nav>` : ""}
${parts.join("\n")}
</main>`;
  // Vega compiles the expressions of a plot; without plots there is no script
  const script = plots.length > 0 ? await pageScript("report") : "";
  return htmlPage({ title, style: reportStyle, body, script, data: { plots }, makesCode: true });
}

async function sectionHtml(
  { heading, text, table, plots = [], display, source }: ReportSection,
  place: number,
  firstPlot: number,
): Promise<string> {
  const figures = plots.map((_, p) => `<figure data-plot="${firstPlot + p}"></figure>`);
  return [
    `<section id="section-${place}">`,
    `<h2>${escapeHtml(heading)}</h2>`,
    text === undefined ? "" : `<p>${escapeHtml(text)}</p>`,
    table ? tableHtml(table) : "",
    figures.length > 0 ? `<div class="plots">${figures.join("")}</div>` : "",
    source === undefined ? "" : `<pre>${escapeHtml(source)}</pre>`,
    display
      ? `<iframe title="event display" loading="lazy" srcdoc="${escapeHtml(await displayPage(display))}"></iframe>`
      : "",
    "</section>",
  ]
    .filter(Boolean)
    .join("\n");
}

function tableHtml({ head, rows }: NonNullable<ReportSection["table"]>): string {
  const kind = (column: number) =>
    rows.every((row) => typeof row[column] === "number") ? ' class="number"' : "";
  const cells = (row: ReportRow, tag: "th" | "td") =>
    row.map((cell, c) => `<${tag}${kind(c)}>${escapeHtml(shown(cell))}</${tag}>`).join("");
  const body = rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("\n");
  return `<table>\n<thead><tr>${cells(head, "th")}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
}

const shown = (cell: string | number): string => {
  if (typeof cell === "string") return cell;
  if (Number.isNaN(cell)) return "–";
  return Number.isInteger(cell) ? `${cell}` : cell.toPrecision(4);
};
