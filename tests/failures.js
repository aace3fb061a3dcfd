// What failed in the C# tests, from their result files: node failures.js [--filter|--mended] FOLDER
//   without an option: each failure, and how it ended when it was run once more (FOLDER/again)
//   --filter: what to run once more, as a filter for `dotnet test`; nothing where too much failed for that
//   --mended: how many passed when they were run once more
const { existsSync, readFileSync, readdirSync } = require("node:fs");
const { join } = require("node:path");

const MOST_AGAIN = 5;

const unescape = xml => xml.replace(/&#x([0-9A-F]+);/gi, (_, code) => String.fromCodePoint(parseInt(code, 16)))
  .replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&apos;/g, "'").replace(/&amp;/g, "&");

/** The results of a folder that are not "Passed" or "NotExecuted", by the test's name; and the names of all. */
function results(folder) {
  const [failures, passed] = [new Map(), new Set()];
  for (const file of existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith(".trx")) : []) {
    const xml = readFileSync(join(folder, file), "utf8");
    const methods = new Map([...xml.matchAll(/<UnitTest [^>]*id="([^"]*)".*?<TestMethod [^>]*className="([^"]*)" name="([^"]*)"/gs)].map(([, id, type, name]) => [id, `${unescape(type)}.${unescape(name)}`]));
    for (const [, attributes, rest] of xml.matchAll(/<UnitTestResult ([^>]*?)(?:\/>|>(.*?)<\/UnitTestResult>)/gs)) {
      const attribute = name => unescape(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
      if (attribute("outcome") === "Passed") passed.add(attribute("testName"));
      if (attribute("outcome") !== "Failed") continue;
      const message = unescape(/<Message>(.*?)<\/Message>/s.exec(rest ?? "")?.[1] ?? "").trim();
      failures.set(attribute("testName"), { message, method: methods.get(attribute("testId")).replace(/\(.*/s, "") });
    }
  }
  return { failures, passed };
}

const [option, folder] = process.argv.length > 3 ? process.argv.slice(2) : ["", process.argv[2]];
const { failures } = results(folder);
const again = results(join(folder, "again"));
const mended = name => again.passed.has(name) && !again.failures.has(name);
if (option === "--filter") {
  const methods = new Set([...failures.values()].map(({ method }) => method));
  if (failures.size <= MOST_AGAIN) process.stdout.write([...methods].map(method => `FullyQualifiedName=${method}`).join("|"));
} else if (option === "--mended") {
  console.log([...failures.keys()].filter(mended).length);
} else {
  for (const [name, { message }] of failures) {
    console.log(`${mended(name) ? "failed, and passed when it was run once more" : "failed"}: ${name}\n  ${message.slice(0, 2000).replaceAll("\n", "\n  ")}`);
  }
}
