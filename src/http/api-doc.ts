import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';

type SchemaObject = Extract<NonNullable<Parameters<typeof ApiBody>[0]>, { schema: unknown }>['schema'];

export const jsonSchema = (schema: z.ZodType, io: 'input' | 'output'): SchemaObject => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    target: 'openapi-3.0',
    unrepresentable: 'any',
    // OpenAPI 3.0.3: `nullable` adds null to a type, but not to an enum.
    override({ jsonSchema: { nullable, enum: values } }) {
      if (nullable && values && !values.includes(null)) values.push(null);
    },
  });
  return rest as SchemaObject;
};

export interface Description {
  summary: string;
  /** A paragraph more, where the summary is not enough. */
  description?: string;
  body?: z.ZodType;
  query?: z.ZodObject;
  /** Status and shape of the good answer. */
  answer?: { status?: number; schema?: z.ZodType; description?: string };
  /** A second status under which the same answer comes. */
  also?: { status: number; description: string };
  open?: boolean;
}

/** Documents a route from the same schemas that check it. */
export function Describe({
  summary,
  description,
  body,
  query,
  answer = {},
  also,
  open,
}: Description): MethodDecorator {
  const { status = 200, schema, description: meaning = 'Done.' } = answer;
  const content = schema ? { schema: jsonSchema(schema, 'output') } : {};
  return applyDecorators(
    ApiOperation({ summary, description }),
    ...(open ? [] : [ApiBearerAuth()]),
    ...(body
      ? [ApiBody({ schema: jsonSchema(body, 'input'), required: !body.safeParse(undefined).success })]
      : []),
    ...Object.entries((query?.shape ?? {}) as Record<string, z.ZodType>).map(([name, field]) =>
      ApiQuery({ name, required: !field.safeParse(undefined).success, schema: jsonSchema(field, 'input') }),
    ),
    ApiResponse({ status, description: meaning, ...content }),
    ...(also ? [ApiResponse({ ...also, ...content })] : []),
    ApiResponse({ status: 'default', description: 'An RFC 9457 problem.', content: PROBLEM }),
  );
}

const PROBLEM = {
  'application/problem+json': {
    schema: jsonSchema(
      z.object({
        ...{ type: z.string(), title: z.string(), status: z.number(), detail: z.string(), code: z.string() },
        retryable: z.boolean().describe('the same request may succeed later'),
        details: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
        retryAfterMs: z.number().optional().describe('with RATE_LIMITED'),
      }),
      'output',
    ),
  },
};
