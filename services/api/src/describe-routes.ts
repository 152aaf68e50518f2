import { createJsonSchemaTransform } from 'fastify-type-provider-zod';

const transform = createJsonSchemaTransform({});
type Transform = typeof transform;

/** As `x-scope` the scope that a caller's key needs, which OpenAPI has no word for. */
const describeRoute: Transform = (route) => {
  const described = transform(route);
  const { scope } = (route.route?.config ?? {}) as { scope?: string };
  return { ...described, schema: { ...described.schema, 'x-scope': scope } as typeof described.schema };
};

/** A route's schemas as JSON schemas; a body that may be of several content types has one for each. */
export const describeRoutes: Transform = (route) => {
  const { content } = (route.schema?.body ?? {}) as { content?: Record<string, { schema: unknown }> };
  if (content === undefined) return describeRoute(route);
  const withBody = (body: unknown) => describeRoute({ ...route, schema: { ...route.schema, body } });
  const described = withBody(undefined);
  const bodies = Object.entries(content).map(([type, { schema }]) => {
    return [type, { schema: withBody(schema).schema?.body }];
  });
  return { ...described, schema: { ...described.schema, body: { content: Object.fromEntries(bodies) } } };
};
