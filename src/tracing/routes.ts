/** The path template of each operation of an OpenAPI document: what spans are named by (OpenTelemetry: `http.route`). Pure. */

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** By operation id. The document has been read as the catalogue before, so it is one. */
export function routesOf(document: object): ReadonlyMap<string, string> {
  const routes = new Map<string, string>();
  const paths: unknown = Reflect.get(document, 'paths');
  for (const [path, item] of Object.entries(isObject(paths) ? paths : {})) {
    for (const operation of Object.values(isObject(item) ? item : {})) {
      const id: unknown = isObject(operation) ? operation.operationId : null;
      if (typeof id === 'string') routes.set(id, path);
    }
  }
  return routes;
}
