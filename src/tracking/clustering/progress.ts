/** What a long clustering is doing. */
export interface ClusteringProgress {
  readonly step: "core distances" | "spanning tree";
  readonly done: number; // points searched, or edges found …
  readonly total: number; // … of so many
}

export type OnProgress = ((progress: ClusteringProgress) => void) | undefined;

/** Points between two reports: some hundredths of a second. */
export const reportEvery = 4096;
