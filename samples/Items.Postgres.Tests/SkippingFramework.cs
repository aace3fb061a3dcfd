using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

[assembly: TestFramework("Items.Postgres.Tests.SkippingFramework", "Items.Postgres.Tests")]

namespace Items.Postgres.Tests;

/// <summary>
/// Skips all tests, with the reason, where there is no PostgreSQL. In no other way can tests be skipped that are inherited: their
/// attributes are in the package, and this xunit takes no reason from a test that already runs.
/// </summary>
public sealed class SkippingFramework(IMessageSink messages) : XunitTestFramework(messages)
{
    protected override ITestFrameworkExecutor CreateExecutor(AssemblyName assemblyName) =>
        new Executor(assemblyName, SourceInformationProvider, DiagnosticMessageSink);

    /// <summary>Runs the tests, or says why not.</summary>
    private sealed class Executor(AssemblyName assembly, ISourceInformationProvider sources, IMessageSink messages)
        : XunitTestFrameworkExecutor(assembly, sources, messages)
    {
        protected override void RunTestCases(
            IEnumerable<IXunitTestCase> testCases, IMessageSink executionMessageSink, ITestFrameworkExecutionOptions executionOptions) =>
            base.RunTestCases(
                PostgresPrograms.Missing is null ? testCases : testCases.Select(c => new Skipped(DiagnosticMessageSink, c)),
                executionMessageSink,
                executionOptions);
    }

    /// <summary>A test that is not run.</summary>
#pragma warning disable xUnit3001 // Made when tests run, after which none is serialized.
    private sealed class Skipped(IMessageSink messages, IXunitTestCase test)
        : XunitTestCase(
            messages, TestMethodDisplay.ClassAndMethod, TestMethodDisplayOptions.None, test.TestMethod, test.TestMethodArguments)
#pragma warning restore xUnit3001
    {
        protected override string GetSkipReason(IAttributeInfo factAttribute) => PostgresPrograms.Missing!;
    }
}
