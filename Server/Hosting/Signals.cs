using System.Runtime.InteropServices;

namespace BeerTap.Server.Hosting;

/// <summary>
/// What ends the hub: SIGTERM, SIGINT and SIGQUIT as everywhere in .NET, and SIGHUP, which a terminal sends when it closes. The first drains the hub and
/// stops it; one that comes later than <see cref="SameSignal"/> after it has the system's own effect, which ends the process at once. A signal that was
/// ignored when the hub was started, such as SIGHUP under <c>nohup</c>, stays ignored: the runtime sees to that.
/// </summary>
/// <remarks>In place of the framework's own lifetime, which does not know SIGHUP and never lets a second signal through.</remarks>
internal sealed class Signals(IHostApplicationLifetime life, TimeProvider time) : IHostLifetime, IDisposable
{
    /// <summary>A terminal and a supervisor may both pass on what was typed once.</summary>
    private static readonly TimeSpan SameSignal = TimeSpan.FromSeconds(1);

    private static readonly PosixSignal[] Ends = [PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGHUP];

    private readonly Lock _change = new();
    private PosixSignalRegistration[] _registrations = [];
    private long? _first;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _registrations = [.. Ends.Select(signal => PosixSignalRegistration.Create(signal, Stop))];
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void Stop(PosixSignalContext signal)
    {
        lock (_change)
        {
            if (_first is { } first)
            {
                signal.Cancel = time.GetElapsedTime(first) < SameSignal;
                return;
            }

            _first = time.GetTimestamp();
        }

        // Not in the handler: stopping takes as long as the drain.
        signal.Cancel = true;
        _ = Task.Run(life.StopApplication);
    }
}

internal static class SignalsRegistration
{
    public static void AddSignals(this WebApplicationBuilder builder) => builder.Services.AddSingleton<IHostLifetime>(
        provider => new Signals(provider.GetRequiredService<IHostApplicationLifetime>(), TimeProvider.System));
}
