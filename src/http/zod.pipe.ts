import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { Failure } from '../errors/api-error.js';
import { findFlaw } from '../protocol/json-guard.js';

/** Checks a body, query or parameter against a schema; the error names every field that is wrong. */
@Injectable()
export class Shape<S extends z.ZodType> implements PipeTransform<unknown, z.output<S>> {
  constructor(
    readonly schema: S,
    private readonly name?: string,
  ) {}

  transform(given: unknown, metadata?: Pick<ArgumentMetadata, 'type'>): z.output<S> {
    const value = metadata?.type === 'body' ? parse(given) : given;
    const named = this.name === undefined ? value : { [this.name]: value };
    const flaw = findFlaw(named);
    if (flaw) throw Failure.invalid(flaw);
    if (this.name === undefined) return this.schema.parse(value);
    return z.object({ [this.name]: this.schema }).parse(named)[this.name] as z.output<S>;
  }
}

/** Bodies are text until here. An empty one is taken for `{}`, as clients send it by mistake. */
function parse(body: unknown): unknown {
  if (typeof body !== 'string') return undefined;
  if (body === '') return {};
  try {
    const value: unknown = JSON.parse(body);
    if (value !== null && typeof value === 'object') return value;
  } catch {
    // told below
  }
  throw Failure.invalid({ path: '', message: 'is not readable: a JSON object is expected' });
}
