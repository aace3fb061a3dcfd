/**
 * Gives each method whose name has underscores a camelCase name, too. Hooks that subclasses override (`on_connect`) keep their one
 * name.
 */
export function alias({ prototype }: { prototype: object }): void {
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (!/^(?!on_).+_/.test(name)) continue;
    Reflect.set(prototype, name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()), Reflect.get(prototype, name));
  }
}
