/**
 * Gives each method whose name has underscores a camelCase name, too. Hooks that subclasses override (`on_connect`) keep their one
 * name.
 */
export declare function alias({ prototype }: {
    prototype: object;
}): void;
