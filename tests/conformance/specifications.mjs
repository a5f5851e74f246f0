// Validate answers of the stand-in with oav's LiveValidator, against the specifications of Azure Resource Manager.
//
//     node specifications.mjs OAV SPECIFICATIONS ANSWERS REST
//
// OAV is the folder that the package is installed in, ANSWERS what tests/conformance/answers.py wrote; the lines of answers
// in a version that the specifications do not hold are copied to REST.
import { createRequire } from 'node:module';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [oav, folder, answersFile, restFile] = process.argv.slice(2);
const require = createRequire(resolve(oav, 'package.json'));
const { LiveValidator } = require('oav');
const { parseValidationRequest } = require('oav/dist/lib/liveValidation/liveValidator.js');

// Azure itself has other letter case and more properties than it specifies.
const WARNINGS = new Set(['ENUM_CASE_MISMATCH', 'OBJECT_ADDITIONAL_PROPERTIES']);

function specificationsIn(root) {
  const names = readdirSync(root, { recursive: true }).filter((name) => name.endsWith('.json'));
  const files = names.filter((name) => name.includes('resource-manager') && !name.includes('examples'));
  const paths = files.map((name) => join(root, name));
  return paths.filter((path) => JSON.parse(readFileSync(path, 'utf8')).paths !== undefined).sort();
}

async function open(root) {
  const unloaded = [];
  const options = {
    directory: resolve(root),
    swaggerPaths: specificationsIn(resolve(root)),
    git: { shouldClone: false },
    loadValidatorInBackground: false,
    isArmCall: true,
  };
  const note = (message, level, meta) => {
    if (level === 'error' && meta?.LoggingType === 'specTrace') unloaded.push(message);
  };
  const validator = new LiveValidator(options, note);
  await validator.initialize();
  if (unloaded.length > 0) throw new Error(unloaded.join('\n'));
  return validator;
}

// The operation that url asks for in version. Of several that fit, the one whose path has the fewest parameters is meant.
function operationOf(validator, answer, version) {
  const url = withVersion(answer.url, version);
  const validationRequest = parseValidationRequest(url, answer.method);
  const { matches } = validator.operationSearcher.getPotentialOperations(validationRequest);
  if (matches.length === 0) return undefined;
  const parameters = ({ operation }) => operation._path._pathTemplate.split('{').length;
  const operationMatch = matches.reduce((best, one) => (parameters(one) < parameters(best) ? one : best));
  const { operationId } = operationMatch.operation;
  return { url, info: () => ({ apiVersion: version, operationId, validationRequest, operationMatch }) };
}

function withVersion(url, version) {
  return url.replace(/([?&]api-version=)[^&]*/, `$1${version}`);
}

// The newest version that the specifications have of what answer is to, if any; stable ones before previews.
function newest(validator, answer) {
  const provider = answer.type.split('/')[0];
  const held = [...(validator.operationSearcher.cache.get(provider)?.keys() ?? [])];
  const rank = (version) => `${version.endsWith('-preview') ? 0 : 1}${version}`;
  const sorted = held.sort((one, other) => (rank(one) < rank(other) ? 1 : -1));
  return sorted.find((version) => operationOf(validator, answer, version) !== undefined);
}

async function issuesOf(validator, answer, version) {
  const { url, info } = operationOf(validator, answer, version);
  const request = {
    url,
    method: answer.method,
    headers: answer.request === null ? {} : { 'content-type': 'application/json' },
    body: answer.request ?? undefined,
  };
  const response = {
    statusCode: String(answer.status),
    headers: answer.contentType === null ? {} : { 'content-type': answer.contentType },
    body: structuredClone(answer.body),
  };
  const asked = await validator.validateLiveRequest(request, {}, info());
  const answered = await validator.validateLiveResponse(response, request, {}, info());
  return [...issues('request', asked), ...issues('answer', answered)];
}

function issues(part, { errors, runtimeException }) {
  const found = errors.map(({ code, message, pathsInPayload }) => ({ code, message, at: pathsInPayload.join(' ') }));
  if (runtimeException) found.push({ code: runtimeException.code, message: runtimeException.message, at: '' });
  return found.map((one) => ({ ...one, part }));
}

class Tally {
  counts = new Map();
  first = new Map();

  add(key, where = '') {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    if (!this.first.has(key)) this.first.set(key, where);
  }

  say(line) {
    for (const key of [...this.counts.keys()].sort()) console.log(line(key, this.counts.get(key), this.first.get(key)));
  }
}

const kindOf = (answer, version) => `${answer.type} ${version}`;
// A list and a resource of a type are told together.
const placeOf = (pointer) => pointer.replace(/^\/value\/\d+/, '').replaceAll(/\/\d+(?=\/|$)/g, '/*') || '/';

function textOf({ part, code, at, message }) {
  const places = [...new Set(at.split(' ').map(placeOf))];
  return `${code} in the ${part} at ${places.join(' ')}: ${message}`;
}

async function main() {
  const validator = await open(folder);
  const answers = readFileSync(answersFile, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const [validated, failures, warnings, codes] = [new Tally(), new Tally(), new Tally(), new Tally()];
  const [absent, beside, differs, never] = [new Tally(), new Tally(), new Tally(), new Tally()];
  const rest = [];
  for (const answer of answers) {
    const where = `${answer.method} ${answer.url.split('?')[0]} (${answer.status}) in ${answer.environment}`;
    const kind = kindOf(answer, answer.version);
    if (operationOf(validator, answer, answer.version) !== undefined) {
      validated.add(kind);
      for (const issue of await issuesOf(validator, answer, answer.version)) {
        codes.add(issue.code);
        (WARNINGS.has(issue.code) ? warnings : failures).add(`${kind}: ${textOf(issue)}`, where);
      }
      continue;
    }
    absent.add(kind);
    rest.push(answer);
    const version = newest(validator, answer);
    if (version === undefined) never.add(answer.type);
    else if (answer.status === 200) {
      beside.add(`${kind} as ${version}`);
      for (const issue of await issuesOf(validator, answer, version)) differs.add(`${kindOf(answer, version)}: ${textOf(issue)}`);
    }
  }
  writeFileSync(restFile, rest.map((answer) => `${JSON.stringify(answer)}\n`).join(''));

  const total = answers.length - rest.length;
  console.log(`${total} answers were validated against the specification of their version:`);
  validated.say((kind, count) => `  ${kind}: ${count}`);
  warnings.say((what, count, where) => `warning: ${what} (${count} times, first ${where})`);
  failures.say((what, count, where) => `FAILED: ${what} (${count} times, first ${where})`);
  console.log('\nThe others beside the newest version that there is; what differs may be new since, and only warns:');
  beside.say((kind, count) => `  ${kind}: ${count}`);
  never.say((type, count) => `  ${type}, of which there is no version: ${count}`);
  differs.say((what, count) => `warning: ${what} (${count} times)`);
  console.log('');
  absent.say((kind, count) => `NOT VALIDATED against a specification: ${kind}: ${count} answers`);
  codes.say((code, count) => `specifications: ${code}: ${count} ${WARNINGS.has(code) ? 'warnings' : 'failures'}`);
  const types = `${total} answers of ${validated.counts.size} types validated, ${rest.length} of ${absent.counts.size} types NOT`;
  console.log(`specifications: ${types}, ${failures.counts.size} kinds of failure`);
  process.exitCode = failures.counts.size > 0 || total === 0 ? 1 : 0;
}

await main();
