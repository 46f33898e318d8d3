using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using BeerTap.Processes;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Scenarios;

/// <summary>
/// A hub that may open few files gets more idle connections than that, from several addresses, again and again. Taps that were connected before go on
/// pouring meanwhile.
/// </summary>
internal sealed class Descriptors : Scenario
{
    private const int Addresses = 8;

    /// <summary>Longer than a pour waits on a busy machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Option<int> _files, _rounds, _rate, _seconds;

    public Descriptors()
        : base("descriptors", "more idle connections than the process may have files open do not end the hub, and it takes new ones when they are gone")
    {
        _files = Number("--files", "How many files and sockets the hub may open", 1024);
        _rounds = Number("--rounds", "How often they come and go", 3);
        _rate = Number("--rate", "Pours a second", 50);
        _seconds = Number("--seconds", "How long they stay", 3);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        if (OperatingSystem.IsWindows())
        {
            Verdict.Say("not tried: Windows has no limit of open files");
            return;
        }

        var files = options.Of(_files);
        await using var hub = new HubProcess { Launcher = ["sh", "-c", string.Create(CultureInfo.InvariantCulture, $"ulimit -n {files} && \"$@\"; exit $?"), "sh"] };
        await hub.StartAsync();
        var id = hub.Id;
        var book = new PourBook();
        await using var pourers = new Pourers(hub.Address, book);
        pourers.Start(options.Of(_rate));
        await UntilAsync(() => book.Acknowledged >= options.Of(_rate), cancel);

        for (var round = 1; round <= options.Of(_rounds); round++)
        {
            var idle = await ConnectAsync(hub.Address, files + 200, cancel);
            var (before, open) = (book.Acknowledged, Directory.GetFiles($"/proc/{id}/fd").Length);
            await Task.Delay(TimeSpan.FromSeconds(options.Of(_seconds)), TimeProvider.System, cancel);
            verdict.Check(open < files, $"round {round}: {idle.Count} connections were made beside those of the taps, the hub had {open} of {files} files and sockets open");
            verdict.Check(book.Acknowledged > before, $"round {round}: {book.Acknowledged - before} pours were acknowledged while the hub was full");
            idle.ForEach(socket => socket.Dispose());
            verdict.Check(await UntilAsync(() => TryAskAsync(hub.Address, cancel), cancel), $"round {round}: the hub answered a new connection when they were gone");
        }

        await pourers.StopAsync(cancel);
        verdict.Check(hub.Id == id, "it was the same process to the end");
        using var http = new HttpClient { BaseAddress = hub.Address };
        var (head, fault) = await book.CompareAsync(http, cancel);
        verdict.Check(fault is null && head == book.Count, $"{book.Count:N0} pours acknowledged, {head:N0} stored, each once{(fault is null ? "" : ": " + fault)}");
        verdict.Check(await hub.StopAsync() == 0, "the hub stopped in order");
    }

    private static async Task<List<Socket>> ConnectAsync(Uri hub, int count, CancellationToken cancel)
    {
        var sockets = new List<Socket>();
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)(2 + (i % Addresses))]), 0));
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, hub.Port, cancel);
                sockets.Add(socket);
            }
            catch (SocketException)
            {
                // A full hub closed it before it was made.
                socket.Dispose();
            }
        }

        return sockets;
    }

    private static async Task<bool> TryAskAsync(Uri hub, CancellationToken cancel)
    {
        using var http = new HttpClient { BaseAddress = hub };
        try
        {
            using var answer = await http.GetAsync("/health/ready", cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static Task<bool> UntilAsync(Func<bool> isSo, CancellationToken cancel) => UntilAsync(() => Task.FromResult(isSo()), cancel);

    private static async Task<bool> UntilAsync(Func<Task<bool>> isSo, CancellationToken cancel)
    {
        var began = TimeProvider.System.GetTimestamp();
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await isSo())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
            {
                return false;
            }

            await poll.WaitForNextTickAsync(cancel);
        }

        return true;
    }
}
