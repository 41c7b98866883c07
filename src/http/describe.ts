import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';

type SchemaObject = Extract<NonNullable<Parameters<typeof ApiBody>[0]>, { schema: unknown }>['schema'];

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output'): SchemaObject => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    target: 'openapi-3.0',
    unrepresentable: 'any',
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
  open?: boolean;
}

/** Documents a route from the same schemas that check it. */
export function Describe({
  summary,
  description,
  body,
  query,
  answer = {},
  open,
}: Description): MethodDecorator {
  const { status = 200, schema, description: meaning = 'Done.' } = answer;
  const content = schema ? { schema: jsonSchema(schema, 'output') } : {};
  return applyDecorators(
    ApiOperation({ summary, description }),
    ...(open ? [] : [ApiBearerAuth()]),
    ...(body ? [ApiBody({ schema: jsonSchema(body, 'input') })] : []),
    ...Object.entries((query?.shape ?? {}) as Record<string, z.ZodType>).map(([name, field]) =>
      ApiQuery({ name, required: !field.safeParse(undefined).success, schema: jsonSchema(field, 'input') }),
    ),
    ApiResponse({ status, description: meaning, ...content }),
    ApiResponse({ status: 'default', description: 'An RFC 9457 problem.', content: PROBLEM }),
  );
}

const PROBLEM = {
  'application/problem+json': {
    schema: jsonSchema(
      z.object({
        ...{ type: z.string(), title: z.string(), status: z.number(), detail: z.string(), code: z.string() },
        details: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
      }),
      'output',
    ),
  },
};
