// Reads an AsyncAPI document and everything it refers to, and says what is wrong with it.
import { createRequire } from 'node:module';
import { Parser, fromFile } from '@asyncapi/parser';

const Ajv = createRequire(import.meta.url)('ajv/dist/2020').default;

// Payloads are of JSON Schema 2020-12, which the parser leaves to others: each has to be such a schema.
const schemas = {
  getMimeTypes: () => ['application/schema+json;version=draft-2020-12'],
  validate: ({ data, path }) => {
    const ajv = new Ajv({ strict: false });
    if (ajv.validateSchema(data)) return [];
    return ajv.errors.map(({ message, instancePath }) => ({ message, path: [...path, ...instancePath.split('/').slice(1)] }));
  },
  parse: ({ data }) => data,
};

const parser = new Parser();
parser.registerSchemaParser(schemas);
const { document, diagnostics } = await fromFile(parser, process.argv[2]).parse();
for (const { code, message, path, severity } of diagnostics) {
  console.log(`${['error', 'warning', 'information', 'hint'][severity]} ${code}: ${message} at ${path.join('/')}`);
}
console.log(`channels: ${document ? document.channels().all().length : 'none, it is not valid'}`);
process.exit(diagnostics.length ? 1 : 0);
