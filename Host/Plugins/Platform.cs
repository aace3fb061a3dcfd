using System.Runtime.InteropServices;

namespace SharedState.Host.Plugins;

/// <summary>Tells which folders under a plugin's <c>runtimes/</c> are useless on this computer.</summary>
/// <remarks>A package with a native library brings it for some thirty platforms. For SQLite these are 50 MB, of which one computer needs
/// 2.</remarks>
internal static class Platform
{
    // The names that .NET uses. A folder with any other name is kept.
    private static readonly string[] Systems =
    [
        "win", "linux", "linux-musl", "linux-bionic", "osx", "freebsd",
        "android", "ios", "iossimulator", "maccatalyst", "tvos", "tvossimulator", "browser", "wasi",
    ];

    private static readonly string[] Architectures =
        ["x64", "x86", "arm", "arm64", "armel", "armv6", "s390x", "ppc64le", "riscv64", "loongarch64", "mips64", "wasm"];

    private static readonly string System =
        OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : OperatingSystem.IsLinux() ? "linux" : "";

    private static readonly string Architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    /// <summary>
    /// Tells whether a runtime identifier, like <c>linux-musl-arm64</c>, certainly means another system or another processor.
    /// </summary>
    public static bool IsForeign(string runtime)
    {
        var dash = runtime.LastIndexOf('-');
        var (system, architecture) = dash < 0 ? (runtime, "") : (runtime[..dash], runtime[(dash + 1)..]);
        var otherSystem = System.Length > 0 && Systems.Contains(system) && system.Split('-')[0] != System;
        return otherSystem || (Architectures.Contains(architecture) && architecture != Architecture);
    }
}
