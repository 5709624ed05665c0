/**
 * `northgate openapi`: the OpenAPI documents, as they are in `openapi/` or as OpenAPI 3.1 made from that. The ops API's is
 * written from its routes, which is how `openapi/ops.yaml` is made.
 */
import { readFile } from 'node:fs/promises';
import { Argument, Command, Option } from 'commander';
import type { Output } from './output.ts';

const northboundFile = new URL('../../openapi/northbound.yaml', import.meta.url);

export const openapiCommand = (output: Output): Command =>
  new Command('openapi')
    .description('print an OpenAPI document')
    .addArgument(new Argument('[document]').choices(['northbound', 'ops']).default('northbound'))
    .addOption(new Option('--version <version>', 'of OpenAPI').choices(['3.0', '3.1']).default('3.0'))
    .action(async (document: string, { version }: { version: string }) => {
      output.write(await (version === '3.1' ? modern(document) : document === 'ops' ? ops() : northbound()));
    });

const northbound = (): Promise<string> => readFile(northboundFile, 'utf8');

const ops = async (): Promise<string> => (await import('../http/ops-openapi.ts')).opsOpenApi();

async function modern(document: string): Promise<string> {
  const { documentText, opsDocument } = await import('../http/ops-openapi.ts');
  const { asOpenApi31 } = await import('../http/openapi-31.ts');
  const { parse } = await import('yaml');
  return documentText(asOpenApi31(document === 'ops' ? await opsDocument() : (parse(await northbound()) as object)));
}
