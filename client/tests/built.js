// What `dotnet build` made.
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const builtAt = path => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** A project's assembly, of the kind that was built last; undefined if none was. */
export const lastBuilt = (project, assembly) => ["Debug", "Release"]
  .map(kind => fileURLToPath(new URL(`../../${project}/bin/${kind}/net10.0/${assembly}.dll`, import.meta.url)))
  .filter(builtAt)
  .sort((one, other) => builtAt(other) - builtAt(one))[0];
