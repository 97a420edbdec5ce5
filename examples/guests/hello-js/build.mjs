// node build.mjs OUT.wasm: makes the component. The WIT version is the one that componentize-js builds its engine with.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { componentize } from "@bytecodealliance/componentize-js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const [out] = process.argv.slice(2);
const { component } = await componentize({
  sourcePath: here("guest.js"),
  witPath: here("../wit"),
  worldName: "guest",
});
await writeFile(out, component);
