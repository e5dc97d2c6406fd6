// Type-checks each TSX file of a folder by itself, with the TypeScript compiler of a node_modules folder.
// node types.cjs FOLDER TYPESCRIPT: prints one JSON object, file name -> {"syntax": N, "types": [[code, text], ...]}.
const fs = require("node:fs");
const path = require("node:path");
const [folder, typescript] = process.argv.slice(2);
const ts = require(typescript);

const files = fs.readdirSync(folder).filter(name => name.endsWith(".tsx")).map(name => path.join(folder, name));
const options = {
  noEmit: true,
  strict: false,
  skipLibCheck: true,
  esModuleInterop: true,
  jsx: ts.JsxEmit.ReactJSX,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: [],
};
const program = ts.createProgram([...files, path.join(folder, "stubs.d.ts")], options);
const found = {};
for (const file of files) {
  const source = program.getSourceFile(file);
  const syntax = program.getSyntacticDiagnostics(source).length;
  const types = syntax ? [] : program.getSemanticDiagnostics(source).map(
    each => [each.code, ts.flattenDiagnosticMessageText(each.messageText, " ")]);
  found[path.basename(file)] = { syntax, types };
}
process.stdout.write(JSON.stringify(found));
