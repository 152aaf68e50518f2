import { createJsonSchemaTransform } from 'fastify-type-provider-zod';

const describeRoute = createJsonSchemaTransform({});
type Transform = typeof describeRoute;

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
