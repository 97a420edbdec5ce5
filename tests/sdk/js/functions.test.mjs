// The AWS SDK for JavaScript v3 against a running Nought. The integration-test binary names it in the environment.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  paginateListFunctions,
  UpdateFunctionCodeCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const settings = {
  endpoint: process.env.NOUGHT_URL,
  region: "us-east-1",
  credentials: { accessKeyId: process.env.NOUGHT_KEY, secretAccessKey: process.env.NOUGHT_SECRET },
  maxAttempts: 1,
};
const lambda = new LambdaClient(settings);
const runtime = `nodejs${process.versions.node.split(".")[0]}.x`;

function zip(files) {
  const folder = mkdtempSync(join(tmpdir(), "nought-js-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const pack = "import sys, zipfile\nwith zipfile.ZipFile('code.zip', 'w') as z:\n  [z.write(n) for n in sys.argv[1:]]";
  execFileSync("python3", ["-c", pack, ...Object.keys(files)], { cwd: folder });
  return readFileSync(join(folder, "code.zip"));
}

async function create(name, text) {
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: runtime,
      Handler: "index.handler",
      Role: "arn:aws:iam::000000000000:role/tests",
      Code: { ZipFile: zip({ "index.mjs": text }) },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 60, minDelay: 1 }, { FunctionName: name });
}

async function invoke(name, event) {
  const answer = await lambda.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event), LogType: "Tail" }));
  return { ...answer, document: JSON.parse(answer.Payload.transformToString()) };
}

test("a function is created, invoked, updated and deleted", async () => {
  await create("js-one", "export const handler = async (event) => ({ got: event });");
  const first = await invoke("js-one", { n: 1 });
  assert.deepEqual(first.document, { got: { n: 1 } });
  assert.equal(first.StatusCode, 200);
  assert.match(Buffer.from(first.LogResult, "base64").toString(), /REPORT RequestId: /);
  const code = zip({ "index.mjs": "export const handler = async () => 'new';" });
  await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: "js-one", ZipFile: code }));
  await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: 60, minDelay: 1 }, { FunctionName: "js-one" });
  assert.equal((await invoke("js-one", {})).document, "new");
  await lambda.send(new DeleteFunctionCommand({ FunctionName: "js-one" }));
  await assert.rejects(lambda.send(new GetFunctionCommand({ FunctionName: "js-one" })), {
    name: "ResourceNotFoundException",
    message: "Function not found: arn:aws:lambda:us-east-1:000000000000:function:js-one",
  });
});

test("a function error is an answer and not an exception", async () => {
  await create("js-error", "export const handler = async () => { throw new TypeError('no'); };");
  const failed = await invoke("js-error", {});
  assert.equal(failed.FunctionError, "Unhandled");
  assert.equal(failed.document.errorType, "TypeError");
});

test("functions are listed in pages", async () => {
  for (const n of [1, 2, 3]) await create(`js-page-${n}`, "export const handler = async () => 1;");
  const seen = [];
  for await (const page of paginateListFunctions({ client: lambda, pageSize: 2 }, {})) {
    seen.push(...page.Functions.map((one) => one.FunctionName));
  }
  for (const n of [1, 2, 3]) assert.ok(seen.includes(`js-page-${n}`));
});

test("a function URL answers", async () => {
  await create("js-url", "export const handler = async (event) => ({ statusCode: 200, body: event.rawPath });");
  const made = await lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName: "js-url", AuthType: "NONE" }));
  await lambda.send(
    new AddPermissionCommand({
      FunctionName: "js-url",
      StatementId: "public",
      Action: "lambda:InvokeFunctionUrl",
      Principal: "*",
      FunctionUrlAuthType: "NONE",
    }),
  );
  const id = new URL(made.FunctionUrl).host.split(".")[0];
  const answer = await fetch(`${process.env.NOUGHT_URL}/_url/${id}/path`);
  assert.equal(await answer.text(), "/path");
});

test("the caller and the log groups are described", async () => {
  const identity = await new STSClient(settings).send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Account, "000000000000");
  const groups = await new CloudWatchLogsClient(settings).send(new DescribeLogGroupsCommand({}));
  assert.ok(Array.isArray(groups.logGroups));
});
