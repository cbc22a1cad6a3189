import { z } from 'zod';

export const absolutePath = z
  .string()
  .max(4096, 'is longer than 4096 characters')
  .startsWith('/', 'must be an absolute path')
  // No path holds a NUL, and nobody who is shown one wants the others.
  .regex(/^\P{Cc}*$/u, 'holds a control character');
export const optionalPath = absolutePath.nullable().default(null);

export const wholeNumber = (least: number, most: number): z.ZodNumber =>
  z
    .int(`must be a whole number from ${least} to ${most}`)
    .min(least, `must be at least ${least}`)
    .max(most, `must be at most ${most}`);
