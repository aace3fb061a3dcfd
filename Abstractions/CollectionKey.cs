namespace SharedState;

/// <summary>Names a collection within one service: <c>/app/service/collection</c> without the service.</summary>
/// <param name="App">The app: 1-512 bytes of UTF-8 without control characters. Compared by code point, never folded.</param>
/// <param name="Collection">The collection: 1-512 bytes of UTF-8 without control characters. Compared by code point, never folded.</param>
public readonly record struct CollectionKey(string App, string Collection);
