using BeerTap.Server.Storage;
using Xunit.Abstractions;

namespace BeerTap.Server.Tests.Faults;

/// <summary>
/// A store's files are cut, flipped, zeroed, swapped and taken away, one at a time: the store either refuses and leaves them as they are, or
/// every answer it gives is right, and what it cannot answer it says. <c>BEERTAP_DAMAGE_CASES</c> sets how often, <c>BEERTAP_TEST_SEED</c>
/// repeats a run. Of SQLite alone: LiteDB's pages have no checksum, nor room for one.
/// </summary>
public sealed class DamageTests(ITestOutputHelper output)
{
    [Fact]
    public void ADamagedStoreRefusesOrAnswersRightly()
    {
        var cases = Setup.Number("BEERTAP_DAMAGE_CASES", 120);
        var seed = Setup.Number("BEERTAP_TEST_SEED", Environment.TickCount);
        output.WriteLine($"{cases} cases, BEERTAP_TEST_SEED={seed}");
        var random = new Random(seed);
        using var images = new StoreImages("sqlite", random);
        var (refusals, whole, partly, recovered) = (0, 0, 0, 0);

        for (var i = 0; i < cases; i++)
        {
            var image = images.All[i % images.All.Count];
            using var folder = StoreImages.CopyOf(image);
            if (Damage.Do(folder.Path, random) is not { } damage) continue;
            try
            {
                var before = Damage.Fingerprint(folder.Path);
                if (Open(folder.Path) is { } store)
                {
                    using (store)
                    {
                        Assert.Equal((image.Epoch, image.Head), (store.Epoch, store.Head));
                        var (_, refused) = images.History.Check(store, image.Head);
                        if (refused > 0) partly++;
                        else whole++;
                    }

                    continue;
                }

                refusals++;
                Assert.Equal(before, Damage.Fingerprint(folder.Path));
                if (TryWithLoss(folder.Path, images.History, image)) recovered++;
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"case {i}, {image.Name}, {damage}: {fault.Message}", fault);
            }
        }

        output.WriteLine($"{refusals} refused at start, {recovered} of them went on with a prefix when told to; {partly} refused some answers; {whole} answered everything");
        Assert.True(cases < 100 || refusals > cases / 10);
    }

    /// <summary>The store, or null when it refuses as it should: by name, saying what to do.</summary>
    private static IBeerStore? Open(string folder, bool acceptLoss = false)
    {
        try
        {
            return Registration.Open(new StorageOptions { Path = folder, AcceptLoss = acceptLoss });
        }
        catch (StoreException refusal)
        {
            Assert.Contains(folder, refusal.Message, StringComparison.Ordinal);
            Assert.Matches("[Rr]estore|Move it away", refusal.Message);
            return null;
        }
    }

    /// <summary>With the operator's word the store goes on with a prefix under a new epoch, says so, and keeps what it found.</summary>
    private static bool TryWithLoss(string folder, History history, StoreImages.Image image)
    {
        var found = Damage.Fingerprint(folder);
        using var store = Open(folder, acceptLoss: true);
        if (store is null) return false;
        Assert.NotEqual(image.Epoch, store.Epoch);
        Assert.InRange(store.Head, 0, image.Head);
        Assert.Contains(store.Warnings, warning => warning.Contains("AcceptLoss", StringComparison.Ordinal));
        Assert.Equal(found, Damage.Fingerprint(Path.Combine(folder, "lost-1")));
        Assert.Equal(0, history.Check(store, store.Head).Refused);
        return true;
    }
}
