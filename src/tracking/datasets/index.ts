/** Catalogue of data formats: one file each, readers of bytes and writers of text. */
export * from "./detectors.ts";
export * from "./redvid.ts";
export * from "./redvidWriter.ts";
export * from "./sectors.ts";
export * from "./split.ts";
export * from "./subEvents.ts";
export * from "./submission.ts";
export * from "./trackml.ts";
export * from "./trackmlWriter.ts";
