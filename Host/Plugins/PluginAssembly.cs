using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace SharedState.Host.Plugins;

/// <summary>What a plugin's assembly says of itself in its metadata. Nothing of it is run, or even loaded.</summary>
internal sealed class PluginAssembly
{
    private static readonly Type Contract = typeof(IItemService);

    private PluginAssembly(MetadataReader metadata)
    {
        References = metadata.AssemblyReferences.Select(metadata.GetAssemblyReference)
            .ToLookup(reference => metadata.GetString(reference.Name), reference => reference.Version);
        Services = FindServices(metadata);
    }

    /// <summary>The versions of the assemblies that it was built with, by name.</summary>
    public ILookup<string, Version> References { get; }

    /// <summary>The version of the contract that it was built for; null: of none.</summary>
    public Version? ContractVersion => References[Contract.Assembly.GetName().Name!].FirstOrDefault();

    /// <summary>The public classes that are services; null where this assembly's metadata alone cannot tell.</summary>
    public IReadOnlyList<string>? Services { get; }

    /// <summary>Reads an assembly; null if the file is none.</summary>
    public static PluginAssembly? Read(string path)
    {
        using var image = new PEReader(new MemoryStream(File.ReadAllBytes(path)));
        try
        {
            return image.HasMetadata ? new(image.GetMetadataReader()) : null;
        }
        catch (BadImageFormatException)
        {
            return null;
        }
    }

    private static List<string>? FindServices(MetadataReader metadata)
    {
        var services = new List<string>();
        foreach (var type in metadata.TypeDefinitions.Select(metadata.GetTypeDefinition))
        {
            var visibility = type.Attributes & TypeAttributes.VisibilityMask;
            if (visibility is not (TypeAttributes.Public or TypeAttributes.NestedPublic)) continue;
            if ((type.Attributes & (TypeAttributes.Interface | TypeAttributes.Abstract)) != 0 || IsService(metadata, type) is false) continue;
            // One within another class is public if that is: for the runtime to say.
            if (visibility == TypeAttributes.NestedPublic || IsService(metadata, type) is null) return null;
            services.Add(FullName(metadata, type.Namespace, type.Name));
        }
        return services;
    }

    /// <summary>Whether a type, or one that it builds on, implements the contract; null if that depends on another assembly.</summary>
    private static bool? IsService(MetadataReader metadata, TypeDefinition type)
    {
        bool? found = false;
        foreach (var basis in type.GetInterfaceImplementations().Select(implementation => metadata.GetInterfaceImplementation(implementation).Interface).Append(type.BaseType))
        {
            if (IsService(metadata, basis) is not { } isService) found = null;
            else if (isService) return true;
        }
        return found;
    }

    private static bool? IsService(MetadataReader metadata, EntityHandle basis)
    {
        if (basis.IsNil) return false;
        if (basis.Kind == HandleKind.TypeDefinition) return IsService(metadata, metadata.GetTypeDefinition((TypeDefinitionHandle)basis));
        if (basis.Kind != HandleKind.TypeReference) return null;
        var reference = metadata.GetTypeReference((TypeReferenceHandle)basis);
        if (FullName(metadata, reference.Namespace, reference.Name) == Contract.FullName) return true;
        // The framework's own types know nothing of the contract.
        return reference.ResolutionScope.Kind == HandleKind.AssemblyReference
            && metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)reference.ResolutionScope).Name) == "System.Runtime" ? false : null;
    }

    private static string FullName(MetadataReader metadata, StringHandle space, StringHandle name) =>
        space.IsNil ? metadata.GetString(name) : $"{metadata.GetString(space)}.{metadata.GetString(name)}";
}
