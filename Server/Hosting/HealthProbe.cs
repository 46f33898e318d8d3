namespace BeerTap.Server.Hosting;

/// <summary>
/// Asks the hub that listens at the configured address whether it is ready, or with <c>--health=live</c> whether it lives: a health check for
/// images that have no other program. What restarts a hub that is not well must ask the second: a restart makes no room on a full disk.
/// </summary>
internal static class HealthProbe
{
    public const string Option = "--health", Live = "--health=live";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>Whether the program is to ask.</summary>
    public static bool IsAsked(string[] args) => args.Any(IsOption);

    /// <summary>0 when the hub is ready, or lives, else 1; says why on the console.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        Uri address;
        try
        {
            address = new Uri(Addresses.Nearest([.. args.Where(arg => !IsOption(arg))]), args.Contains(Live) ? "/health/live" : "/health/ready");
        }
        catch (Exception fault) when (fault is FormatException or SettingsException)
        {
            Console.WriteLine(fault.Message);
            return 1;
        }

        using var http = new HttpClient { Timeout = Patience };
        try
        {
            using var answer = await http.GetAsync(address);
            Console.WriteLine($"{address}: {(int)answer.StatusCode} {Printable.Escape(await answer.Content.ReadAsStringAsync())}");
            return answer.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            Console.WriteLine($"{address}: {fault.Message}");
            return 1;
        }
    }

    private static bool IsOption(string arg) => arg is Option or Live or "--health=ready";
}
