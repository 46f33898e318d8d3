using BeerTap.Server.Replication;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Security;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeerTap.Server.Tests.Replication;

/// <summary>Hubs of one log come to the same keys, however they learnt of them.</summary>
public sealed class SharedKeysTests : IAsyncDisposable
{
    private readonly List<KeyNews> _log = [];
    private readonly List<KeyHub> _hubs = [];

    [Fact]
    public async Task AKeyThatIsMadeOrTakenBackAnywhereIsSoEverywhere()
    {
        var (first, second) = (Join(), Join());
        var (made, text) = await first.Keys.AddAsync(new KeyWish(Role.Operator, null, "the boss"), NullLogger.Instance, default);
        await Keyed.UntilAsync(() => Task.FromResult(second.Keys.Find(text) is not null));

        var gone = new List<string>();
        first.Keys.Revoked += gone.Add;
        await second.Keys.RevokeAsync(made.Id, NullLogger.Instance, default);
        await Keyed.UntilAsync(() => Task.FromResult(first.Keys.Find(text) is null));
        Assert.Equal([made.Id], gone);
        Assert.Equal(second.Keys.Made, first.Keys.Made);
    }

    [Fact]
    public async Task KeysOfBeforeAHubJoinedComeToTheOthersAndTheirsToIt()
    {
        var first = Join();
        var old = (await first.Keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default)).Text;
        await Keyed.UntilAsync(() => Task.FromResult(SaidKeys() == 1));

        // The newcomer starts from a backup: it hears the log only from here on, and has a key that was made by the command line before.
        var newcomer = new KeyHub(_log, from: Said());
        var own = (await newcomer.File.AddAsync(new KeyWish(Role.Tap, 7, "left bar"), default)).Text;
        newcomer.Keys.RefreshIfChanged(NullLogger.Instance);
        _hubs.Add(newcomer);
        newcomer.Start();
        await Keyed.UntilAsync(() => Task.FromResult(newcomer.Keys.Find(old) is not null && first.Keys.Find(own) is not null));
        Assert.Equal(2, newcomer.Keys.Made.Count);
    }

    [Fact]
    public async Task OfSeveralHubsThatAreAskedFewAnswerAndNobodyTalksOn()
    {
        for (var i = 0; i < 4; i++) Join();
        var keys = Enumerable.Range(0, 5).Select(_ => _hubs[0].Keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default));
        await Task.WhenAll(keys);
        Join();
        await Keyed.UntilAsync(() => Task.FromResult(_hubs.TrueForAll(hub => hub.Keys.Made.Count == 5)));
        Assert.True(SaidKeys() <= 5 + 5 * _hubs.Count, $"{SaidKeys()} times a key was told");
    }

    [Fact]
    public void AnOlderWordDoesNotBringARevokedKeyBack()
    {
        var (early, late) = (new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc), new DateTime(2026, 2, 1, 0, 0, 0, DateTimeKind.Utc));
        var key = new ApiKey("k7m2qx9f", Role.Viewer, null, null, KeyText.HashOf("one"), early);
        var revoked = key with { Revoked = late };
        Assert.Equal(revoked, key.MergedWith(revoked));
        Assert.Equal(revoked, revoked.MergedWith(key));
        Assert.Equal(early, revoked.MergedWith(key with { Revoked = early }).Revoked);
        Assert.Equal(early, (key with { Revoked = early }).MergedWith(revoked).Revoked);

        var other = key with { Hash = KeyText.HashOf("two") };
        Assert.Equal(key.MergedWith(other), other.MergedWith(key));
    }

    [Fact]
    public async Task AKeyThatNoHubWouldMakeStaysWhereItIs()
    {
        var (first, second) = (Join(), Join());
        await first.File.MergeAsync([new ApiKey("the-boss", Role.Operator, null, null, KeyText.HashOf("by hand"))], default);
        first.Keys.RefreshIfChanged(NullLogger.Instance);
        Assert.NotNull(first.Keys.Find("by hand"));
        var (_, text) = await first.Keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default);
        await Keyed.UntilAsync(() => Task.FromResult(second.Keys.Find(text) is not null));
        Assert.Single(second.Keys.Made);
    }

    [Fact]
    public async Task WhatCouldNotBeHandedOverIsToldLater()
    {
        var first = Join();
        var second = new KeyHub(_log, from: 0) { Fails = 3 };
        _hubs.Add(second);
        second.Start();
        var (_, text) = await second.Keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default);
        await Keyed.UntilAsync(() => Task.FromResult(first.Keys.Find(text) is not null));
        Assert.Equal(0, second.Fails);
    }

    [Fact]
    public void AHubThatMayNotKnowAllKeysIsOpenToNobody()
    {
        var status = new LogStatus(TimeProvider.System) { AwaitsKeys = true };
        var access = new Access(Join().Keys, new SecurityOptions(), thisMachineOnly: true, status);
        Assert.False(access.Open);
        status.CaughtUp = true;
        Assert.False(access.Open);
        status.AwaitsKeys = false;
        Assert.True(access.Open);
    }

    [Fact]
    public async Task ANewHubIsNotReadyBeforeItHasTheKeysOfTheOthers()
    {
        var first = Join();
        var text = (await first.Keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default)).Text;
        await Keyed.UntilAsync(() => Task.FromResult(SaidKeys() == 1));

        // Its clock stands still, so that it cannot be ready before the other has answered.
        var time = new SimulatedTime();
        time.Advance(TimeSpan.FromMinutes(1));
        var newcomer = new KeyHub(_log, from: Said(), time: time);
        _hubs.Add(newcomer);
        newcomer.Start();
        await Keyed.UntilAsync(() => Task.FromResult(newcomer.Keys.Find(text) is not null));
        Assert.False(newcomer.IsReady);
        await Keyed.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            return Task.FromResult(newcomer.IsReady);
        });
    }

    [Fact]
    public async Task WhoseQuestionIsNotFollowedByAWordOfItsOwnDoesNotCountAsAnswered()
    {
        var hub = new KeyHub(_log, from: 0) { LosesAfter = 1 };
        _hubs.Add(hub);
        hub.Start();
        await Keyed.UntilAsync(() => Task.FromResult(hub.Lost > 0));
        Assert.False(hub.IsReady);
    }

    [Fact]
    public async Task AHubThatHadAllKeysDoesNotAskBeforeItIsReadyAgain()
    {
        var hub = Join();
        await hub.Keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default);
        await Keyed.UntilAsync(() => Task.FromResult(hub.IsReady));
        Assert.True(hub.Again().IsReady);
    }

    [Fact]
    public async Task WithoutItsNoteOrAKeyThatItHadAHubAsksAgain()
    {
        var hub = Join();
        await Keyed.UntilAsync(() => Task.FromResult(hub.IsReady));
        await hub.Keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default);
        await Keyed.UntilAsync(() => Task.FromResult(hub.Note.Keys == 1));
        Assert.False(hub.Again(epoch: "otherlog").IsReady);

        File.Delete(hub.File.Path);
        Assert.False(hub.Again().IsReady);
        await hub.File.AddAsync(new KeyWish(Role.Viewer, null, null), default);
        Assert.True(hub.Again().IsReady);

        var note = Path.Combine(hub.Folder, StoreFolder.KeysHeard);
        await File.WriteAllTextAsync(note, "{");
        Assert.False(hub.Again().IsReady);
        File.Delete(note);
        Assert.False(hub.Again().IsReady);
    }

    [Fact]
    public void WhoIsTheFirstHasNobodyToAsk()
    {
        var hub = new KeyHub(_log, from: 0);
        _hubs.Add(hub);
        Assert.False(hub.IsReady);
        hub.Shared.BeFirst();
        Assert.True(hub.IsReady);
        Assert.True(hub.Again().IsReady);
    }

    [Fact]
    public async Task WhileTheFileOfKeysIsAwayNothingIsTaken()
    {
        var hub = Join();
        var made = (await hub.Keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default)).Key;
        File.Delete(hub.File.Path);
        var other = new ApiKey("zzzzzzzz", Role.Viewer, null, null, KeyText.HashOf("other"));
        Assert.Throws<KeyFileException>(() => hub.Shared.Hear(new KeyNews([other])));
        Assert.True(hub.Keys.IsGood(made.Id));
    }

    [Fact]
    public void AnEntryCarriesKeysAndRefusesWhatIsNone()
    {
        var key = new ApiKey("k7m2qx9f", Role.Tap, 7, "left \"bar\" ü", KeyText.HashOf("x"), new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        var entry = new LogEntry("epoch", "sender", 3, [], Keys: new KeyNews([key, key with { Id = "other", Revoked = key.Created }], Asks: true));
        var read = LogEntryJson.Read(LogEntryJson.Write(entry), 1);
        Assert.Equal(entry.Keys!.Keys, read.Keys!.Keys);
        Assert.True(read.Keys.Asks);
        Assert.Null(LogEntryJson.Read(LogEntryJson.Write(entry with { Keys = null }), 1).Keys);

        Assert.Throws<LogException>(() => LogEntryJson.Read(LogEntryJson.Write(entry with { Keys = new KeyNews([key with { Hash = "short" }]) }), 1));
        Assert.Throws<LogException>(() => LogEntryJson.Read(LogEntryJson.Write(entry with { Keys = new KeyNews([key with { Id = "file-operator" }]) }), 1));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var hub in _hubs) await hub.DisposeAsync();
    }

    private int Said()
    {
        lock (_log) return _log.Count;
    }

    private int SaidKeys()
    {
        lock (_log) return _log.Sum(news => news.Keys.Count);
    }

    private KeyHub Join()
    {
        var hub = new KeyHub(_log, from: 0);
        _hubs.Add(hub);
        hub.Start();
        return hub;
    }

    /// <summary>What a hub has of keys, at a log that is a list.</summary>
    private sealed class KeyHub : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly List<KeyNews> _log;
        private readonly LogStatus _status;
        private readonly bool _ownsFolder;
        private readonly TimeProvider _time;
        private readonly Dictionary<KeyNews, long> _own = new(ReferenceEqualityComparer.Instance);
        private long _cameThrough;
        private int _heard;
        private Task _running = Task.CompletedTask;

        public KeyHub(List<KeyNews> log, int from, string? folder = null, string epoch = "testtest", TimeProvider? time = null)
        {
            (_log, _heard, _ownsFolder, Folder) = (log, from, folder is null, folder ?? Directory.CreateTempSubdirectory("beertap-test-").FullName);
            _time = time ?? TimeProvider.System;
            _status = new LogStatus(_time) { CaughtUp = true };
            _status.Watch(() => TimeSpan.Zero, () => Volatile.Read(ref _cameThrough));
            File = new KeyFile(Folder, TimeProvider.System);
            Keys = new ApiKeys(new SecurityOptions(), Folder, TimeProvider.System, Assert.Fail);
            Note = new KeysHeard(Folder, epoch);
            Shared = new SharedKeys(Keys, _status, Note, _time, NullLogger<SharedKeys>.Instance);
        }

        public KeysHeard Note { get; }

        /// <summary>What it hands over after so many words never comes out of the log.</summary>
        public int LosesAfter { get; init; } = int.MaxValue;

        public int Lost { get; private set; }

        public string Folder { get; }

        public bool IsReady => _status.KnowsKeys && _status.Look(TimeSpan.FromSeconds(5)).IsOk;

        /// <summary>So many times nothing can be handed over.</summary>
        public int Fails { get; set; }

        public KeyFile File { get; }

        public ApiKeys Keys { get; }

        public SharedKeys Shared { get; }

        /// <summary>The same hub, as its next start finds it.</summary>
        public KeyHub Again(string epoch = "testtest") => new(_log, 0, Folder, epoch);

        public void Start() => _running = Task.WhenAll(HearAsync(), Shared.TellAsync(Tell, _stop.Token));

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            Shared.Dispose();
            _stop.Dispose();
            if (_ownsFolder) Directory.Delete(Folder, recursive: true);
        }

        private Task Tell(KeyNews news, CancellationToken cancel)
        {
            if (Fails > 0)
            {
                Fails--;
                return Task.FromException(new TimeoutException("the broker says nothing"));
            }

            lock (_log)
            {
                if (_own.Count >= LosesAfter)
                {
                    Lost++;
                    return Task.CompletedTask;
                }

                _own[news] = _time.GetTimestamp();
                _log.Add(news);
            }

            return Task.CompletedTask;
        }

        private async Task HearAsync()
        {
            using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
            try
            {
                while (await poll.WaitForNextTickAsync(_stop.Token))
                {
                    KeyNews[] news;
                    lock (_log) news = [.. _log.Skip(_heard)];
                    _heard += news.Length;
                    foreach (var one in news)
                    {
                        Shared.Hear(one);
                        lock (_log)
                        {
                            if (_own.TryGetValue(one, out var made)) Volatile.Write(ref _cameThrough, made);
                        }
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // The hub stops.
            }
        }
    }
}
