#!/usr/bin/env bash
# Compiles KeptItems.cs against version 1.0 of the contract, as it stood in git, into plugin/.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
contract=52aab3d # what came next were IItemService.CommitsAtOnce and IItemFeed: version 1.1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git -C "$here/../../.." archive "$contract" Abstractions .editorconfig Directory.Build.props Directory.Packages.props | tar -x -C "$work"
mkdir "$work/Contract10"
cp "$here/KeptItems.cs" "$work/Contract10/"
cat >"$work/Contract10/Contract10.csproj" <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <EnableDynamicLoading>true</EnableDynamicLoading>
    <!-- The same bytes wherever it is made. -->
    <PathMap>$(MSBuildThisFileDirectory)=/</PathMap>
    <DebugType>none</DebugType>
    <GenerateDocumentationFile>false</GenerateDocumentationFile>
    <EnforceCodeStyleInBuild>false</EnforceCodeStyleInBuild>
    <IncludeSourceRevisionInInformationalVersion>false</IncludeSourceRevisionInInformationalVersion>
    <RestorePackagesWithLockFile>false</RestorePackagesWithLockFile>
  </PropertyGroup>
  <ItemGroup>
    <ProjectReference Include="../Abstractions/Abstractions.csproj" Private="false" ExcludeAssets="runtime" />
  </ItemGroup>
</Project>
PROJECT
dotnet build "$work/Contract10/Contract10.csproj" -c Release -o "$work/out" -v quiet -clp:ErrorsOnly
cp "$work/out/Contract10.dll" "$work/out/Contract10.deps.json" "$here/plugin/"
sha256sum "$here/plugin/Contract10.dll"
