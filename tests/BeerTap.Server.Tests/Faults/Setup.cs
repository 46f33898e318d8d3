using System.Globalization;

namespace BeerTap.Server.Tests.Faults;

/// <summary>What the long-running tests take from the environment, and which stores this build has.</summary>
internal static class Setup
{
    public static TheoryData<string> Providers =>
        typeof(Program).Assembly.GetType("BeerTap.Server.Storage.LiteDbBeerStore") is null ? ["sqlite"] : ["sqlite", "litedb"];

    public static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
