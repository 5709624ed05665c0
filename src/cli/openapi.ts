/** `northgate openapi`: the OpenAPI documents. The ops API's is written from its routes, which is how `openapi/ops.yaml` is made. */
import { readFile } from 'node:fs/promises';
import { Argument, Command } from 'commander';
import { opsOpenApi } from '../http/ops-openapi.ts';
import type { Output } from './output.ts';

const northboundFile = new URL('../../openapi/northbound.yaml', import.meta.url);

export const openapiCommand = (output: Output): Command =>
  new Command('openapi')
    .description('print an OpenAPI document')
    .addArgument(new Argument('[document]').choices(['northbound', 'ops']).default('northbound'))
    .action(async (document: string) => {
      output.write(document === 'ops' ? await opsOpenApi() : await readFile(northboundFile, 'utf8'));
    });
