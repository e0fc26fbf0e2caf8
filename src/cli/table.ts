import Table from "cli-table3";

const plain = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** Columns side by side: names to the left, numbers to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const colAligns = head.map((_, column) =>
    typeof rows[0]?.[column] === "string" ? "left" : "right",
  );
  const made = new Table({
    head: [...head],
    colAligns: colAligns as ("left" | "right")[],
    chars: plain,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) made.push(row.map(show));
  return made.toString().replaceAll(/ +$/gm, "");
}

const show = (cell: string | number): string => {
  if (typeof cell === "string") return cell;
  if (Number.isNaN(cell)) return "–";
  return Number.isInteger(cell) ? `${cell}` : cell.toFixed(3);
};
