import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import vm from "node:vm";
const jobs = JSON.parse(readFileSync(0, "utf8"));
const typesOf = (text) => new Set([...text.matchAll(/export\s+(?:interface|type)\s+(\w+)/g)].map((m) => m[1]));
// Most files of most trees are those of their project.
const plain = new Map();
const withoutTypes = (text) => {
  if (!plain.has(text)) plain.set(text, stripTypeScriptTypes(text, { mode: "transform" }));
  return plain.get(text);
};
const results = [];
for (const { tree, test } of jobs) {
  try {
    const files = { ...tree, "test.ts": test };
    const context = vm.createContext({ console, setTimeout, process, Map, Set, structuredClone });
    const made = new Map();
    const load = (path) => {
      if (!made.has(path)) {
        const code = withoutTypes(files[path]).replace(/import\s*\{([^}]*)\}\s*from\s*"\.\/([\w.]+)"/g, (whole, list, spec) => {
          const types = typesOf(files[spec] ?? files[`${spec}.ts`] ?? "");
          const kept = list.split(",").filter((each) => each.trim() && !types.has(each.trim()));
          return `import {${kept.join(",")}} from "./${spec}"`;
        });
        made.set(path, new vm.SourceTextModule(code, { context, identifier: path }));
      }
      return made.get(path);
    };
    const link = (spec) => {
      const bare = spec.replace(/^\.\//, "");
      const path = [bare, `${bare}.ts`].find((each) => each in files);
      if (!path) throw new Error(`no ${spec}`);
      return load(path);
    };
    const main = load("test.ts");
    await main.link(link);
    await main.evaluate();
    results.push("");
  } catch (error) { results.push(String(error)); }
}
process.stdout.write(JSON.stringify(results));
