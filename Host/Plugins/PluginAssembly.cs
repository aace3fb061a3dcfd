using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace SharedState.Host.Plugins;

/// <summary>The metadata of a plugin's assembly. The assembly is neither run nor loaded.</summary>
internal sealed class PluginAssembly
{
    private static readonly Type Contract = typeof(IItemService);

    private PluginAssembly(MetadataReader metadata)
    {
        References = metadata.AssemblyReferences.Select(metadata.GetAssemblyReference)
            .ToLookup(reference => metadata.GetString(reference.Name), reference => reference.Version);
        Services = FindServices(metadata);
    }

    /// <summary>The versions of the assemblies to which this one refers, by name.</summary>
    public ILookup<string, Version> References { get; }

    /// <summary>The version of the contract for which the assembly was built; null if it does not refer to the contract.</summary>
    public Version? ContractVersion => References[Contract.Assembly.GetName().Name!].FirstOrDefault();

    /// <summary>The public classes that are services; null where the metadata of this assembly alone does not tell.</summary>
    public IReadOnlyList<string>? Services { get; }

    /// <summary>Reads an assembly; null if the file is not one.</summary>
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
            if ((type.Attributes & (TypeAttributes.Interface | TypeAttributes.Abstract)) != 0) continue;
            if (IsService(metadata, type) is false) continue;
            // A nested class is public only if the outer one is. The runtime finds that out.
            if (visibility == TypeAttributes.NestedPublic || IsService(metadata, type) is null) return null;
            services.Add(FullName(metadata, type.Namespace, type.Name));
        }
        return services;
    }

    /// <summary>Tells whether a type or one of its base types implements the contract; null if that depends on another assembly.</summary>
    private static bool? IsService(MetadataReader metadata, TypeDefinition type)
    {
        bool? found = false;
        var interfaces = type.GetInterfaceImplementations()
            .Select(implementation => metadata.GetInterfaceImplementation(implementation).Interface);
        foreach (var basis in interfaces.Append(type.BaseType))
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
        // No type of the framework implements the contract.
        if (reference.ResolutionScope.Kind != HandleKind.AssemblyReference) return null;
        var assembly = metadata.GetAssemblyReference((AssemblyReferenceHandle)reference.ResolutionScope);
        return metadata.GetString(assembly.Name) == "System.Runtime" ? false : null;
    }

    private static string FullName(MetadataReader metadata, StringHandle space, StringHandle name) =>
        space.IsNil ? metadata.GetString(name) : $"{metadata.GetString(space)}.{metadata.GetString(name)}";
}
