// Strict check of rendered objects: TypeScript refuses unknown fields and wrong types (the declarations are made from Kubernetes' OpenAPI
// document), the validators that come with them find missing fields, formats and ranges. Run by deploy/k8s/check.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseAllDocuments } from "yaml";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const faults = [];
let count = 0;
const work = join(here, "typed");
rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });

// apps/v1 is kubernetes-models/apps/v1; networking.k8s.io/v1 keeps its dots; the core group has none.
function moduleOf(object) {
    const [group, version] = object.apiVersion.includes("/") ? object.apiVersion.split("/") : ["", object.apiVersion];
    for (const name of ["kubernetes-models", "@kubernetes-models/prometheus-operator"]) {
        const path = [name, group, version, object.kind].filter(Boolean).join("/");
        if (existsSync(join(modules, path + ".d.ts"))) return path;
    }
    return null;
}

const sources = [];
for (const file of process.argv.slice(2)) {
    const seen = new Set();
    for (const document of parseAllDocuments(readFileSync(file, "utf8"), { uniqueKeys: true })) {
        for (const error of document.errors) faults.push(`${file}: ${error.message}`);
        const object = document.toJS();
        if (!object) continue;
        count++;
        const name = `${object.kind}/${object.metadata?.name}`;
        if (seen.has(name)) faults.push(`${file}: ${name} is there twice`);
        seen.add(name);
        const path = moduleOf(object);
        if (!path) {
            faults.push(`${file}: ${name}: there is no ${object.apiVersion} ${object.kind}`);
            continue;
        }
        const source = `${work}/${sources.length}.ts`;
        writeFileSync(source, `import type { I${object.kind} } from "${path}";\n// ${file} ${name}\nexport const object: I${object.kind} = ${JSON.stringify(object, null, 2)};\n`);
        sources.push(source);
        const kind = await import(pathToFileURL(join(modules, path + ".js")).href);
        try {
            new kind[object.kind](object).validate();
        } catch (error) {
            faults.push(`${file}: ${name}: ${error.message}`);
        }
    }
}

try {
    execFileSync(process.execPath, [join(modules, "typescript/bin/tsc"), "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext", ...sources], { encoding: "utf8" });
} catch (error) {
    for (const line of error.stdout.trim().split("\n")) {
        const at = /^(?:.*\/)?(\d+)\.ts\((\d+)/.exec(line);
        faults.push(at ? `${readFileSync(join(work, at[1] + ".ts"), "utf8").split("\n")[1].slice(3)}: ${line.replace(/^[^:]*: /, "")}` : line);
    }
}

for (const fault of faults) console.error(fault);
console.log(`${count} objects in ${process.argv.length - 2} files: ${faults.length === 0 ? "no faults" : faults.length + " faults"}`);
process.exit(faults.length === 0 && count > 0 ? 0 : 1);
