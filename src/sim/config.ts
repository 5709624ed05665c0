// The configuration of `northgate sim`: a YAML file with the options of a pair, checked against one schema; every error
// names its key. Durations are milliseconds, as the names say. TLS is given as paths, relative to the file.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import Type from 'typebox';
import { parse } from 'yaml';
import type { defaultProfiles, PairOptions } from './profiles.ts';
import { startOrder } from './services.ts';

/** A message for people, one line a fault, each with the key. */
export class SimConfigError extends Error {}

const port = Type.Integer({ minimum: 0, maximum: 65_535 });
const milliseconds = Type.Number({ minimum: 0 });
const count = Type.Integer({ minimum: 0 });
const name = Type.String({ minLength: 1 });
const strict = { additionalProperties: false };
const optional = (kinds: readonly string[], type: Type.TSchema) =>
  Type.Optional(Type.Object(Object.fromEntries(kinds.map((kind) => [kind, Type.Optional(type)])), strict));
const oneOf = (...values: (string | number)[]) => Type.Optional(Type.Enum(values));

const limits = [
  'bodyMaxBytes',
  'resourcesMax',
  'ledgerMax',
  'requestsMax',
  'loggedBodyMaxBytes',
  'connectionsMax',
  'wireBufferMaxBytes',
  'callbackTimeoutMs',
  'callbacksMax',
];

const schema = Type.Object(
  {
    vip: Type.Optional(name),
    nodes: Type.Optional(Type.Array(name, { minItems: 2, maxItems: 2 })),
    restPort: Type.Optional(port),
    healthPort: Type.Optional(port),
    controlPort: Type.Optional(port),
    timeScale: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
    phases: optional(['P0', 'P1', 'P2', 'P3'], milliseconds),
    peerReturnMs: Type.Optional(milliseconds),
    workMs: optional(
      ['tenant', 'network', 'subnet', 'image', 'flavor', 'volume', 'deployment', 'operation'],
      milliseconds,
    ),
    answerDelayMs: Type.Optional(milliseconds),
    answerDelayAt: oneOf('before-commit', 'after-commit'),
    replicationLagCommits: Type.Optional(count),
    profiles: Type.Optional(
      Type.Object(
        {
          transactionHeader: oneOf('esc-transaction-id', 'ESC-Transaction-Id', 'ESC_TRANSACTION_ID'),
          acceptedStatus: oneOf(200, 201, 202),
          duplicateCreate: oneOf('conflict', 'ok'),
          json: oneOf('refused', 'allowed'),
          standbyHealth: oneOf('refused', '5xxx'),
          healthStatus: oneOf('always-200', 'follows'),
          healthJson: oneOf('flat', 'wrapped'),
          healthReadyEarlyMs: Type.Optional(milliseconds),
          retriedFailedUpdate: oneOf('ignored', 'conflict'),
          callbackRetries: Type.Optional(count),
          callbackCopies: Type.Optional(Type.Integer({ minimum: 1 })),
          callbackOrder: oneOf('kept', 'reversed'),
          callbackAfterSwitchover: oneOf('lost', 'late'),
          containerAnswer: oneOf('not-found', 'unavailable', 'alternating'),
          resourceState: oneOf('shown', 'hidden'),
        } satisfies Record<keyof typeof defaultProfiles, Type.TSchema>,
        strict,
      ),
    ),
    auth: Type.Optional(Type.Object({ username: name, password: name }, strict)),
    tls: Type.Optional(Type.Object({ cert: name, key: name }, strict)),
    services: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Object(
          {
            depend_on: Type.Optional(Type.Union([name, Type.Array(name)])),
            startup: Type.Optional(Type.Boolean()),
          },
          strict,
        ),
      ),
    ),
    limits: optional(limits, Type.Integer({ minimum: 1 })),
  },
  strict,
);

/** The file has the shape of a pair's options; only `tls` has paths where they have contents. */
const validate = new Ajv({ allErrors: true, strict: false }).compile<PairOptions>(schema);

/** The options in a file, or the defaults of a pair in a process of its own: ESC's ports, and control on 9081. */
export function readSimConfig(file?: string): PairOptions {
  const document = file === undefined ? {} : readDocument(file);
  const tls = document.tls && readTls(document.tls, file ?? '');
  try {
    startOrder(document.services ?? {});
  } catch (error) {
    throw new SimConfigError(`${file}: ${(error as Error).message}`, { cause: error });
  }
  return { restPort: tls ? 8443 : 8080, healthPort: 8060, controlPort: 9081, ...document, ...(tls ? { tls } : {}) };
}

function readDocument(file: string): PairOptions {
  let document: unknown;
  try {
    document = parse(readFileSync(file, 'utf8')) ?? {};
  } catch (error) {
    throw new SimConfigError(`${file}: ${(error as Error).message}`, { cause: error });
  }
  if (validate(document)) return document;
  const lines = (validate.errors ?? []).map((error) => `${file}: ${explain(error)}`);
  throw new SimConfigError(lines.join('\n'));
}

function explain({ instancePath, params, message, keyword }: ErrorObject): string {
  const steps = instancePath.split('/').slice(1);
  if (keyword === 'additionalProperties') return `${[...steps, params.additionalProperty].join('.')} is not a key`;
  if (keyword === 'enum') return `${steps.join('.')} must be one of ${params.allowedValues.join(', ')}`;
  return `${steps.join('.') || 'the document'} ${message}`;
}

function readTls({ cert, key }: { cert: string; key: string }, file: string): { cert: string; key: string } {
  const read = (name: string, path: string): string => {
    try {
      return readFileSync(resolve(dirname(file), path), 'utf8');
    } catch (error) {
      throw new SimConfigError(`${file}: tls.${name}: ${(error as Error).message}`, { cause: error });
    }
  };
  return { cert: read('cert', cert), key: read('key', key) };
}
