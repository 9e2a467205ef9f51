#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The public MCP SDK's own client against `cupel mcp`, to be run inside a run. The SDK checks every answer by its schemas; this
// script prints what it got as one JSON object, for tests/mcp/test_sdk.sh to judge.
//
//     sdk_client.mjs FOLDER       FOLDER holds node_modules/@modelcontextprotocol/sdk
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.argv[2]}/`));
const load = (name) => import(pathToFileURL(require.resolve(`@modelcontextprotocol/sdk/${name}`)));
const { Client } = await load("client/index.js");
const { StdioClientTransport } = await load("client/stdio.js");

const client = new Client({ name: "cupel-test", version: "1" });
client.onerror = (error) => {
  console.error(`client: ${error}`);
  process.exitCode = 1;
};
await client.connect(new StdioClientTransport({ command: "cupel", args: ["mcp"] }));

const call = (name, args = {}) => client.callTool({ name, arguments: args });
const failure = async (promise) => promise.then(() => null, (error) => error.code);
const { tools } = await client.listTools();
const found = {
  server: client.getServerVersion(),
  instructions: client.getInstructions(),
  tools: tools.map((tool) => tool.name),
  described: tools.every((tool) => tool.description && tool.title && tool.annotations && tool.inputSchema.type === "object"),
  ping: await client.ping(),
  note: await call("note", { text: "through the SDK — ünïcode\n\"quoted\"" }),
  hypothesis: await call("note", { claim: "c", test: "t", budget: "1m" }),
  status: await call("status", { text: "working", progress: 0.5 }),
  conjecture: await call("conjecture", { claim: "c", test: "t", edge: "e", delta_o: "d", scope: "s" }),
  help: await call("help", { question: "A or B?", options: ["A", "B"], default: "A" }),
  split: await call("split", { reason: "two things", items: ["one", "two"] }),
  spec_change: await call("spec_change", {
    target: "README", type: "BUGFIX", claim: "c", evidence: "e", proposed_delta: "p", risk: "r", compat: "none",
  }),
  checkpoint: await call("checkpoint"),
  budget_left: await call("budget_left"),
  work_item: await call("work_item"),
  refused: await call("conjecture", { claim: "half" }),
  unknown_tool: await failure(call("nothing")),
  unknown_method: await failure(client.request({ method: "logging/setLevel", params: { level: "info" } }, { parse: (x) => x })),
  together: (await Promise.all(Array.from({ length: 50 }, (_, i) => call("note", { text: `together ${i}` }))))
    .filter((result) => result.structuredContent.accepted).length,
};
await client.close();
console.log(JSON.stringify(found));
