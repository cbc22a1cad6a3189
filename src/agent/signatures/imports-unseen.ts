/**
 * A program of one's own that imports a framework looks like any other Python program. Pure modules map no file, and at
 * its exec it has imported nothing; the compiled ones that come later (pydantic_core, tiktoken, orjson, gRPC's cygrpc) are
 * in as many programs that are no agents.
 */
export const IMPORTS_UNSEEN =
  'weak: a program that only imports it is known when it speaks to a model (agents.inference), not before';
