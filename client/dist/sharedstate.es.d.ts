export * from "./types/index.js";
export as namespace SHAREDSTATE;
