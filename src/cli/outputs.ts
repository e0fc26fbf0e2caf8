/** Where results go is checked before the work, which may take hours: parsers of options that name what is written. */
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "./command.ts";

/** Parser of a file in a folder that exists. */
export const fileToWrite =
  (flag: string) =>
  (path: string): string => {
    if (!isFolder(dirname(path)))
      throw new UsageError(`${flag}: expected an existing folder, got ${dirname(path)}`);
    if (isFolder(path)) throw new UsageError(`${flag}: expected a file, got the folder ${path}`);
    return path;
  };

/** Parser of a folder, which is made if it is not there. */
export const folderToWrite =
  (flag: string) =>
  (path: string): string => {
    let there = path;
    while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
    if (!isFolder(there)) throw new UsageError(`${flag}: expected a folder, got the file ${there}`);
    return path;
  };

/** Refuses an option that means nothing without another. */
export function expectTogether<Options extends object>(
  options: Options,
  pairs: readonly (readonly [flag: keyof Options & string, needed: keyof Options & string])[],
): void {
  for (const [flag, needed] of pairs)
    if (options[flag] !== undefined && options[needed] === undefined)
      throw new UsageError(`--${flag}: expected --${needed} with it, got none`);
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();
