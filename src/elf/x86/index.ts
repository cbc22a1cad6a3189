export { decode } from './decode.js';
export * from './instruction.js';
export { operationOf, type Operation } from './operation.js';
