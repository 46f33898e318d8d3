namespace BeerTap.Client.Tests.Fakes;

internal static class Until
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Waits for a stated reason; the reason is the failure's message.</summary>
    public static async Task TrueAsync(Func<bool> condition, string reason, TimeSpan? patience = null)
    {
        var longest = patience ?? Patience;
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < longest, $"waited {longest.TotalSeconds} s, but not: {reason}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }
}

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("beertap-");

    public string File(string name) => Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
