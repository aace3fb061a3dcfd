using System.Globalization;
using Microsoft.Extensions.Logging;

namespace SharedState;

/// <summary>The configuration, logger and clock that a service is opened with.</summary>
public sealed class ItemServiceContext
{
    /// <summary>
    /// The service's name in the configuration, the second segment of its collections' paths. For messages only: stored data must not
    /// depend on the name, so that an operator may rename a service. Two services on one storage behave like two hosts on it.
    /// </summary>
    public required string ServiceName { get; init; }

    /// <summary>
    /// The entry's <c>config</c> with resolved secrets: strings as they are, numbers as written, booleans as <c>true</c> and <c>false</c>,
    /// nested objects flattened with dots (<c>{"ssl":{"ca":..}}</c> is <c>ssl.ca</c>). Keys with the value null are absent.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Config { get; init; }

    /// <summary>
    /// The base of relative paths in the configuration: the folder of the configuration file, an absolute path.
    /// </summary>
    public required string BaseDirectory { get; init; }

    /// <summary>The logger of the service. Never log an item's content, a password or a connection string.</summary>
    public required ILogger Logger { get; init; }

    /// <summary>The time. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>A value as text, or <paramref name="defaultValue"/> if the configuration has none.</summary>
    public string GetString(string key, string defaultValue) => Config.GetValueOrDefault(key, defaultValue);

    /// <summary>A required value.</summary>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Config"/>: there is none.</exception>
    public string GetRequiredString(string key) =>
        Config.TryGetValue(key, out var text) ? text : throw Wrong(key, $"\"{key}\" is missing");

    /// <summary>A whole number, or <paramref name="defaultValue"/> if the configuration has none.</summary>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Config"/>: not a whole number, or out of range.</exception>
    public int GetInt32(string key, int defaultValue, int minimum = int.MinValue, int maximum = int.MaxValue)
    {
        if (!Config.TryGetValue(key, out var text)) return defaultValue;
        return
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= minimum
            && number <= maximum
            ? number
            : throw Wrong(key, $"\"{key}\" must be a whole number from {minimum} to {maximum}");
    }

    /// <summary>A Boolean, or <paramref name="defaultValue"/> if the configuration has none.</summary>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Config"/>: neither <c>true</c> nor <c>false</c>.</exception>
    public bool GetBoolean(string key, bool defaultValue) => Config.GetValueOrDefault(key) switch
    {
        null => defaultValue,
        "true" => true,
        "false" => false,
        _ => throw Wrong(key, $"\"{key}\" must be true or false"),
    };

    /// <summary>
    /// The absolute path of a file, resolved against <see cref="BaseDirectory"/>; null if the configuration has none.
    /// </summary>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Config"/>: the value is not a valid path.</exception>
    public string? GetPath(string key)
    {
        if (!Config.TryGetValue(key, out var text)) return null;
        try
        {
            return Path.GetFullPath(text, BaseDirectory);
        }
        catch (ArgumentException)
        {
            throw Wrong(key, $"\"{key}\" must be a path, and no path holds a NUL");
        }
    }

    private static ItemServiceException Wrong(string key, string message) => new(ItemServiceFault.Config, message) { ConfigKey = key };
}
