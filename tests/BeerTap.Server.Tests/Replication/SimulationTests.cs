using System.Text.Json;
using BeerTap.Server.Replication;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Faults;
using BeerTap.Server.Tests.Storage;
using Xunit.Abstractions;

namespace BeerTap.Server.Tests.Replication;

/// <summary>
/// Histories of several hubs on one log whose engine, stores and hubs fail in every way a seed can think of. <c>BEERTAP_TEST_SEED</c> repeats a run
/// (threads are the machine's own, so not to the letter), <c>BEERTAP_HISTORIES</c> makes it longer.
/// </summary>
[Collection(ReplicationTests.Name)]
public sealed class SimulationTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task HubsOnALogThatFailsInEveryWayComeToTheSameBeersAndAnswerTruly()
    {
        var seed = Setup.Number("BEERTAP_TEST_SEED", Environment.TickCount & 0xFFFFFF);
        var histories = Setup.Number("BEERTAP_HISTORIES", 5);
        var acknowledged = 0;
        for (var i = 0; i < histories; i++)
        {
            try
            {
                acknowledged += await new History(new Random(seed + i), onDisk: i % 5 == 4).RunAsync();
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"Repeat this with BEERTAP_TEST_SEED={seed + i}: {fault.Message}", fault);
            }
        }

        output.WriteLine($"{histories} histories from seed {seed} on: {acknowledged} commands acknowledged");
        Assert.True(acknowledged > 0);
        if (Directory.Exists("/proc/self/task")) Assert.DoesNotContain(ThreadNames(), name => name is "log in" or "log out");
    }

    private static IEnumerable<string> ThreadNames()
    {
        foreach (var task in Directory.GetDirectories("/proc/self/task"))
        {
            string name;
            try
            {
                name = File.ReadAllText(Path.Combine(task, "comm")).TrimEnd();
            }
            catch (IOException)
            {
                // It ended while the list was read.
                continue;
            }

            yield return name;
        }
    }

    private sealed class History
    {
        private readonly Random _random;
        private readonly SimulatedTime _time = new();
        private readonly SimulatedLog _log;
        private readonly List<SimulatedHub> _hubs = [];
        private readonly List<DirectoryInfo> _folders = [];
        private readonly Ledger _ledger = new();
        private readonly List<PourBeer> _known = [];
        private readonly PourBeer[] _before;
        private long _lastBeer = 1;

        public History(Random random, bool onDisk)
        {
            _random = random;

            // The engine's luck is a row of its own, for its calls come from many threads.
            _log = new SimulatedLog(new Random(random.Next()), _time) { Trouble = random.NextDouble() };
            _before = onDisk || random.Next(2) == 0 ? [] : [StoreUnderTest.Pour(volume: 201, pourId: "before"), StoreUnderTest.Pour(volume: 202)];
            for (var i = random.Next(2, 5); i > 0; i--) _hubs.Add(new SimulatedHub(_log, _time, onDisk ? OnDisk() : new MemoryDisk(_before).Open, start: _hubs.Count == 0 || random.Next(2) == 0));
        }

        /// <summary>Gives how many commands were acknowledged.</summary>
        public async Task<int> RunAsync()
        {
            var clock = new SimulatedClock(_time);
            try
            {
                var stopped = _hubs.Where(hub => hub.Status is null).ToList();
                for (var step = 0; step < 120; step++)
                {
                    if (step == 60) stopped.ForEach(hub => hub.Start());
                    await StepAsync();
                }

                await HealAsync();
                await _ledger.AllAnsweredAsync(Patience);
                await EachHubTakesAPourAsync();
                await ConvergeAsync();
                return _ledger.Acknowledged;
            }
            finally
            {
                foreach (var hub in _hubs) await Task.Run(hub.Dispose);
                await clock.StopAsync();
                foreach (var folder in _folders) folder.Delete(recursive: true);
            }
        }

        private Func<IBeerStore> OnDisk()
        {
            var folder = Directory.CreateTempSubdirectory("beertap-simulated-");
            _folders.Add(folder);
            return () => new SqliteBeerStore(StoreFolder.Hold(folder.FullName, epochOfNew: "testtest"));
        }

        private async Task StepAsync()
        {
            var running = _hubs.Where(hub => hub.Status is not null).ToList();
            var hub = running[_random.Next(running.Count)];
            switch (_random.Next(40))
            {
                case 0:
                    _log.Majority = false;
                    break;
                case 1 or 2:
                    _log.Majority = true;
                    break;
                case 3:
                    _log.BreakOne();
                    break;
                case 4:
                    _log.BreakAll();
                    break;
                case 5:
                    hub.Link.Cut = true;
                    break;
                case 6 or 7:
                    foreach (var one in running) one.Link.Cut = false;
                    break;
                case 8:
                    hub.Store.Trouble = new StoreException("full", fault: StoreFault.DiskFull);
                    break;
                case 9 or 10:
                    foreach (var one in running) one.Store.Trouble = null;
                    break;
                case 11:
                    hub.Store.Trouble = null;
                    await RestartAsync(hub, crash: false);
                    break;
                case 12:
                    await RestartAsync(hub, crash: true);
                    break;
                case 13 or 14:
                    await GoOnAsync(TimeSpan.FromMilliseconds(_random.Next(5_000)));
                    break;
                default:
                    for (var i = _random.Next(1, 5); i > 0; i--) Ask(hub);
                    if (_random.Next(3) == 0) await GoOnAsync(TimeSpan.FromMilliseconds(_random.Next(300)));
                    break;
            }
        }

        private static async Task RestartAsync(SimulatedHub hub, bool crash)
        {
            await Task.Run(() => hub.End(crash));
            hub.Start();
        }

        private void Ask(SimulatedHub hub)
        {
            var commands = new Command[_random.Next(4) == 0 ? _random.Next(2, 8) : 1];
            for (var i = 0; i < commands.Length; i++) commands[i] = NewCommand();
            _ = FollowAsync(_ledger.Ask(hub.Committer.SubmitTogetherAsync, commands));
        }

        private async Task FollowAsync(Task<Outcome[]> answer)
        {
            foreach (var outcome in await answer)
            {
                if (outcome.Beer is { } beer) Volatile.Write(ref _lastBeer, beer.Id);
            }
        }

        private Command NewCommand()
        {
            switch (_random.Next(10))
            {
                case 0 or 1:
                    return new DeleteBeer(Math.Max(1, Volatile.Read(ref _lastBeer) - _random.Next(6)), StoreUnderTest.Noon);
                case 2 or 3 or 4 when _known.Count > 0:
                    var again = _known[_random.Next(_known.Count)];
                    return _random.Next(8) == 0 ? again with { Volume = _ledger.NewPour(_random, null).Volume } : again;
                case 5 or 6 or 7:
                    var pour = _ledger.NewPour(_random, $"pour {_known.Count}");
                    _known.Add(pour);
                    return pour;
                default:
                    return _ledger.NewPour(_random, null);
            }
        }

        private async Task HealAsync()
        {
            _log.Trouble = 0;
            _log.Majority = true;
            foreach (var hub in _hubs)
            {
                hub.Link.Cut = false;
                hub.Store.Trouble = null;
            }

            await GoOnAsync(TimeSpan.FromSeconds(1));
        }

        /// <summary>After all troubles, each hub takes pours again by itself; a caller that is refused sends the same again.</summary>
        private async Task EachHubTakesAPourAsync()
        {
            foreach (var hub in _hubs)
            {
                var pour = _ledger.NewPour(_random, $"last {_hubs.IndexOf(hub)}");
                var began = _time.Now;
                while (true)
                {
                    var outcome = (await _ledger.Ask(hub.Committer.SubmitTogetherAsync, [pour]).WaitAsync(Patience))[0];
                    if (outcome.Kind is OutcomeKind.Poured or OutcomeKind.Replayed) break;
                    Assert.True(_time.Now - began < TimeSpan.FromMinutes(60), $"the hub still refuses: {hub.Status.Look(TimeSpan.Zero).Reason}");
                    await GoOnAsync(TimeSpan.FromMilliseconds(100));
                }
            }
        }

        private async Task ConvergeAsync()
        {
            // What is late comes within 4 s.
            await GoOnAsync(TimeSpan.FromSeconds(5));
            var last = _log.Entries[^1].Offset;
            await Eventually.HoldsAsync(() => _hubs.All(hub => hub.Status.Offset >= last), "a hub does not come to the end of the log");

            var entries = _log.Entries;
            var expected = Oracle.EventsOf(entries, _before);
            foreach (var hub in _hubs)
            {
                Assert.Empty(hub.Refused);
                await Eventually.HoldsAsync(() => hub.Announced.Count == hub.Log.Count - hub.FirstHead, "a batch was not announced");
                Assert.Equal(expected, hub.Log);
                Assert.Equal(Enumerable.Range(1, hub.Announced.Count).Select(i => hub.FirstHead + i), hub.Announced);
                await Eventually.HoldsAsync(() => hub.Committer.Waiting == 0, "answered commands still count as waiting");
                await Task.Run(() => hub.End(crash: false));
                hub.Start();
                AssertBookmark(hub.Store.Bookmark!, entries);
            }

            _ledger.Check(expected);
        }

        /// <summary>What the store keeps of the log follows from the log alone.</summary>
        private static void AssertBookmark(byte[] kept, IReadOnlyList<(long Offset, byte[] Entry)> entries)
        {
            var bookmark = LogBookmark.Read(kept);
            var again = LogBookmark.Start(0);
            foreach (var (offset, entry) in entries.Where(entry => entry.Offset <= bookmark.Offset)) again.Pass(LogEntryJson.Read(entry, offset), offset);
            Assert.Equal(Senders(again.ToBytes(bookmark.Head)), Senders(kept));
        }

        private static IEnumerable<(string, string)> Senders(byte[] bookmark) =>
            JsonDocument.Parse(bookmark).RootElement.GetProperty("senders").EnumerateObject().Select(sender => (sender.Name, sender.Value.ToString())).Order();

        private async Task GoOnAsync(TimeSpan by)
        {
            var until = _time.Now + by;
            await Eventually.HoldsAsync(() => _time.Now >= until, "the clock stands still");
        }
    }
}
