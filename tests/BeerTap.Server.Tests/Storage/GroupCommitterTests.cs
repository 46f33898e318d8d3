using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Storage;

public sealed class GroupCommitterTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly FakeStore _store = new();
    private readonly List<string> _heard = [];
    private readonly List<CommittedBatch> _announced = [];

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task WhatWaitsIsCommittedTogetherAndEachCallerHasItsOwnAnswer()
    {
        using var committer = Start();
        var first = await HoldTheStoreAsync(committer);
        var waiting = Enumerable.Range(1, 5).Select(tap => committer.SubmitTogetherAsync(Pour(tap), Pour(tap, "half", 200))).ToList();
        _store.MayAppend.Set();

        await first.WaitAsync(Patience);
        var answers = await Task.WhenAll(waiting).WaitAsync(Patience);
        Assert.Equal([1, 10], _store.Batches.Select(batch => batch.Events.Count));
        Assert.Equal(Enumerable.Range(2, 10).Select(id => (long)id), answers.SelectMany(answer => answer.Select(outcome => outcome.Beer!.Id)));
        Assert.Equal([1, 1, 2, 2, 3, 3, 4, 4, 5, 5], answers.SelectMany(answer => answer.Select(outcome => outcome.Beer!.TapId)));
    }

    [Fact]
    public async Task ATransactionTakesNoMoreSubmissionsOnceItIsFull()
    {
        using var committer = Start(new IntakeOptions { MaxCommit = 4 });
        await HoldTheStoreAsync(committer);
        var waiting = Enumerable.Range(0, 10).Select(_ => committer.SubmitTogetherAsync(Pour())).ToList();
        _store.MayAppend.Set();
        await Task.WhenAll(waiting).WaitAsync(Patience);
        Assert.Equal([1, 4, 4, 2], _store.Batches.Select(batch => batch.Events.Count));
    }

    [Fact]
    public async Task APoisonSubmissionFailsAlone()
    {
        _store.Refuse = batch => batch.Events.OfType<BeerPoured>().Any(pour => pour.Beer.TapId == 666) ? new StoreException("poison", fault: StoreFault.Refused) : null;
        using var committer = Start();
        await HoldTheStoreAsync(committer);
        var before = committer.SubmitTogetherAsync(Pour(1));
        var poison = committer.SubmitTogetherAsync(Pour(2), Pour(666));
        var after = committer.SubmitTogetherAsync(Pour(3));
        _store.MayAppend.Set();

        Assert.Equal((OutcomeKind.Poured, 2L), KindAndId(Assert.Single(await before.WaitAsync(Patience))));
        Assert.Equal(
            [new Outcome(OutcomeKind.StoreUnavailable, Fault: StoreFault.Refused), new Outcome(OutcomeKind.StoreUnavailable, Fault: StoreFault.Refused)],
            await poison.WaitAsync(Patience));
        Assert.Equal((OutcomeKind.Poured, 3L), KindAndId(Assert.Single(await after.WaitAsync(Patience))));
        Assert.Equal([1L, 2, 3], _store.ReadLog(0, 10).Select(entry => entry.Seq));
        Assert.DoesNotContain(_store.Batches, batch => batch.Totals.ContainsKey((2, "pint")));
    }

    [Fact]
    public async Task AfterAFailureTheIntakeGoesOn()
    {
        using var committer = Start();
        _store.Refuse = _ => new IOException("disk full");
        Assert.Equal(OutcomeKind.StoreUnavailable, (await committer.SubmitTogetherAsync(Pour(pourId: "a")).WaitAsync(Patience))[0].Kind);
        _store.Refuse = _ => null;
        Assert.Equal((OutcomeKind.Poured, 1L), KindAndId((await committer.SubmitTogetherAsync(Pour(pourId: "a")).WaitAsync(Patience))[0]));
    }

    [Fact]
    public async Task AFullIntakeSaysSoAndTakesAgainWhenThereIsRoom()
    {
        using var committer = Start(new IntakeOptions { QueueCapacity = 3 });
        var held = await HoldTheStoreAsync(committer);
        var two = committer.SubmitTogetherAsync(Pour(), Pour());
        Assert.Equal(3, committer.Waiting);
        var full = new Outcome(OutcomeKind.IntakeFull);
        Assert.Equal([full, full], await committer.SubmitTogetherAsync(Pour(), Pour()).WaitAsync(Patience));
        Assert.Equal([full], await committer.SubmitTogetherAsync(Pour()).WaitAsync(Patience));

        _store.MayAppend.Set();
        await Task.WhenAll(held, two).WaitAsync(Patience);
        Assert.True(SpinWait.SpinUntil(() => committer.Waiting == 0, Patience), "the committed commands still count as waiting");
        Assert.Equal((OutcomeKind.Poured, 4L), KindAndId((await committer.SubmitTogetherAsync(Pour()).WaitAsync(Patience))[0]));
    }

    [Fact]
    public async Task RacingSubmissionsOfOnePourGiveOneBeer()
    {
        using var committer = Start();
        using var start = new Barrier(32);
        var racers = Enumerable.Range(0, 32).Select(_ => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait(Patience);
                return committer.SubmitAsync(Pour(1, pourId: "same"));
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default).Unwrap()).ToList();

        var outcomes = await Task.WhenAll(racers).WaitAsync(Patience);
        Assert.Single(outcomes, outcome => outcome.Kind == OutcomeKind.Poured);
        Assert.Equal(31, outcomes.Count(outcome => outcome.Kind == OutcomeKind.Replayed));
        Assert.All(outcomes, outcome => Assert.Equal(1, outcome.Beer!.Id));
        Assert.Single(_store.ReadLog(0, 10));
    }

    [Fact]
    public async Task ShutdownAnswersEverybodyAndThenTakesNoMore()
    {
        var committer = Start();
        await HoldTheStoreAsync(committer);
        var waiting = Enumerable.Range(0, 20).Select(_ => committer.SubmitTogetherAsync(Pour())).ToList();
        var shutdown = Task.Factory.StartNew(committer.Dispose, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _store.MayAppend.Set();

        await shutdown.WaitAsync(Patience);
        Assert.All(waiting, answer => Assert.True(answer.IsCompletedSuccessfully));
        Assert.Equal(21, _store.ReadLog(0, 100).Count);
        Assert.Equal(OutcomeKind.StoreUnavailable, (await committer.SubmitTogetherAsync(Pour()).WaitAsync(Patience))[0].Kind);
        Assert.Equal(0, committer.Waiting);
    }

    [Fact]
    public async Task ABatchIsOnTheDiskBeforeItIsCountedAndCountedBeforeItIsAnnounced()
    {
        using (var committer = Start())
        {
            await committer.SubmitTogetherAsync(Pour(), Pour()).WaitAsync(Patience);
            await committer.SubmitTogetherAsync(new DeleteBeer(1, Noon)).WaitAsync(Patience);
            await committer.SubmitTogetherAsync(new DeleteBeer(1, Noon)).WaitAsync(Patience);
        }

        Assert.Equal(["stored 2, counted 2", "announced 2", "stored 3, counted 3", "announced 3"], _heard);
        Assert.Equal([1L, 2, 3], _announced.SelectMany(batch => batch.Events).Select(entry => entry.Seq));
    }

    [Fact]
    public async Task AnObserverThatFailsDoesNotStopTheIntake()
    {
        using var committer = new GroupCommitter(
            new LogWriter(_store, _ => { }, _ => throw new InvalidOperationException("observer"), PlainMeters.Intake(), NullLogger.Instance), new IntakeOptions());
        Assert.Equal(1, (await committer.SubmitTogetherAsync(Pour()).WaitAsync(Patience))[0].Beer!.Id);
        Assert.Equal(2, (await committer.SubmitTogetherAsync(Pour()).WaitAsync(Patience))[0].Beer!.Id);
    }

    private GroupCommitter Start(IntakeOptions? options = null) => new(Writer(), options ?? new IntakeOptions());

    private LogWriter Writer() => new(
        _store,
        batch => _heard.Add($"stored {_store.ReadLog(0, 100).Count}, counted {batch.Head}"),
        batch =>
        {
            _heard.Add($"announced {batch.Last}");
            _announced.Add(batch);
        },
        PlainMeters.Intake(),
        NullLogger.Instance);

    /// <summary>Submits one pour and waits until the store has it in hand, so that what follows gathers; the store goes on when told.</summary>
    private async Task<Task> HoldTheStoreAsync(GroupCommitter committer)
    {
        _store.MayAppend.Reset();
        var first = committer.SubmitTogetherAsync(Pour());
        Assert.True(await _store.Appending.WaitAsync(Patience), "the committer did not come to the store");
        return first;
    }

    private static (OutcomeKind Kind, long Id) KindAndId(Outcome outcome) => (outcome.Kind, outcome.Beer!.Id);
}
