import { Injectable, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { Failure } from '../failure.js';
import { findFlaw } from '../safe-json.js';

/** Checks a body, query or parameter against a schema; the error names every field that is wrong. */
@Injectable()
export class Shape<S extends z.ZodType> implements PipeTransform<unknown, z.output<S>> {
  constructor(
    readonly schema: S,
    private readonly name?: string,
  ) {}

  transform(value: unknown): z.output<S> {
    const named = this.name === undefined ? value : { [this.name]: value };
    const flaw = findFlaw(named);
    if (flaw) throw Failure.invalid(flaw);
    if (this.name === undefined) return this.schema.parse(value);
    return z.object({ [this.name]: this.schema }).parse(named)[this.name] as z.output<S>;
  }
}
