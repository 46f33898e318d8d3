namespace BeerTap.Server.Tests.Hosting;

/// <summary>The repository's own documents, which some tests hold against the code.</summary>
internal static class Documents
{
    public static string Root { get; } = Find(new DirectoryInfo(AppContext.BaseDirectory));

    public static string File(params string[] path) => Path.Combine([Root, "docs", .. path]);

    private static string Find(DirectoryInfo folder) => System.IO.File.Exists(Path.Combine(folder.FullName, "BeerTap.sln")) ? folder.FullName : Find(folder.Parent!);
}
