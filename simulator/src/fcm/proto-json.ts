import { isObject, type JsonObject } from '../core/json.js';
import type { FieldType, Schema } from './message-schema.js';

export interface FieldViolation {
  /** `message.android.ttl`; absent for the request as a whole. */
  field?: string;
  description: string;
}

/**
 * Reads JSON the way Google's API front end does: names in snake_case or lowerCamelCase, null as absent, nothing unknown,
 * no number where a string belongs. Returns the fields in snake_case, or every violation in it.
 */
export function readMessage(
  value: JsonObject,
  schema: Schema,
): { fields: JsonObject } | { violations: FieldViolation[] } {
  const violations: FieldViolation[] = [];
  const fields = readFields(value, schema, '', violations);
  return violations.length > 0 ? { violations } : { fields };
}

function readFields(value: JsonObject, schema: Schema, at: string, violations: FieldViolation[]): JsonObject {
  const fields: JsonObject = {};
  for (const [given, content] of Object.entries(value)) {
    const name = given.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const type = Object.hasOwn(schema, name) ? schema[name] : undefined;
    if (type === undefined) {
      const where = at === '' ? '' : ` at '${at}'`;
      violations.push({
        ...(at === '' ? {} : { field: at }),
        description: `Invalid JSON payload received. Unknown name "${given}"${where}: Cannot find field.`,
      });
    } else if (content !== null) {
      fields[name] = readValue(content, type, at === '' ? name : `${at}.${name}`, violations);
    }
  }
  return fields;
}

function readValue(value: unknown, type: FieldType, at: string, violations: FieldViolation[]): unknown {
  const wrong = (kind: string): undefined => {
    violations.push({ field: at, description: `Invalid value at '${at}' (${kind}), ${shown(value)}` });
  };
  if (type === 'struct') return isObject(value) ? value : wrong('type.googleapis.com/google.protobuf.Struct');
  if (type === 'map') return isObject(value) ? readMap(value, at, violations) : wrong('Map');
  if (typeof type === 'string') return scalarFits(value, type) ? value : wrong(protoNames[type]);
  if ('fields' in type) {
    return isObject(value) ? readFields(value, type.fields, at, violations) : wrong('TYPE_MESSAGE');
  }
  if ('list' in type) {
    if (!Array.isArray(value)) return wrong('TYPE_LIST');
    return value.map((item: unknown, i) => readValue(item, type.list, `${at}[${i}]`, violations));
  }
  const chosen = typeof value === 'string' ? value.toUpperCase() : undefined;
  return chosen !== undefined && type.values.includes(chosen) ? chosen : wrong(type.name);
}

function readMap(value: JsonObject, at: string, violations: FieldViolation[]): JsonObject {
  Object.values(value).forEach((content, i) => {
    if (typeof content === 'string') return;
    const field = `${at}[${i}].value`;
    violations.push({ field, description: `Invalid value at '${field}' (TYPE_STRING), ${shown(content)}` });
  });
  return value;
}

const protoNames = {
  string: 'TYPE_STRING',
  bool: 'TYPE_BOOL',
  int32: 'TYPE_INT32',
  float: 'TYPE_FLOAT',
  duration: 'type.googleapis.com/google.protobuf.Duration',
  timestamp: 'type.googleapis.com/google.protobuf.Timestamp',
};

function scalarFits(value: unknown, type: keyof typeof protoNames): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean' || value === 'true' || value === 'false';
    case 'int32':
      return Number.isInteger(typeof value === 'string' && value !== '' ? Number(value) : value);
    case 'float':
      return typeof value === 'number' || (typeof value === 'string' && Number.isFinite(Number(value)));
    case 'duration':
      return typeof value === 'string' && /^-?\d+(\.\d{1,9})?s$/.test(value);
    case 'timestamp':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value));
  }
}

function shown(value: unknown): string {
  if (isObject(value)) return 'Starting an object on a scalar field';
  if (Array.isArray(value)) return 'Proto field is not repeating, cannot start list.';
  return JSON.stringify(value)?.slice(0, 200) ?? 'null';
}
