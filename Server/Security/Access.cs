using BeerTap.Server.Beers;
using BeerTap.Server.Replication;

namespace BeerTap.Server.Security;

/// <summary>The rules of who may do what, with a key and without.</summary>
/// <param name="thisMachineOnly">The hub listens on loopback addresses only.</param>
/// <param name="sharedLog">The log that this hub shares, and with it the keys; null when it shares none.</param>
internal sealed class Access(ApiKeys keys, SecurityOptions options, bool thisMachineOnly, LogStatus? sharedLog = null)
{
    /// <summary>Whether whoever is on this machine may pour and delete without a key.</summary>
    public bool Open => thisMachineOnly && options.Open == Opening.Auto && !keys.Any && KnowsAllKeys;

    /// <summary>
    /// Not before the hub has read the log in which others tell of keys, and where it is new, asked them. Until then nobody is told 401, which makes
    /// a tap give up or ask its owner: the hub may hear of the key in a moment, or that nobody needs one. Once true it stays so.
    /// </summary>
    private bool KnowsAllKeys => sharedLog?.KnowsKeys != false;

    public bool Allows(HttpContext http, Right right)
    {
        if (KeyIdentity.Of(http) is { Key: var key }) return key.Role.Has(right) || (right == Right.Read && options.Reading == Reading.Public);

        // A key that is no good is refused everywhere, so that its holder hears of it at once.
        if (keys.Any && http.Features.Get<RefusedKey>() is not null) return false;
        return right switch
        {
            // As the setting says, also where there is no key yet and on this machine.
            Right.Read or Right.Listen => options.Reading == Reading.Public,
            Right.Ask => true,
            Right.ManageKeys or Right.Drain => false,
            _ => Open && ThisMachine.IsCalledBy(http),
        };
    }

    /// <summary>Why a caller is not let in, or null when it is.</summary>
    public Problem? RefusalOf(HttpContext http, Right right)
    {
        // Asked first: it may become so meanwhile, and then the caller only has to come back.
        var knew = KnowsAllKeys;
        if (Allows(http, right)) return null;
        if (KeyIdentity.Of(http) is not null) return Refusals.NotAllowed("The role of the key does not go so far.");
        return !knew ? Refusals.NotCaughtUp() : http.Features.Get<RefusedKey>() is { Reason: var reason } ? Refusals.BadKey(reason) : Refusals.NoKey();
    }

    /// <summary>Why a caller may not pour as a tap or be connected as it, or null when it may: who names a tap speaks for it.</summary>
    public Problem? RefusalToActFor(HttpContext http, int tapId)
    {
        if (KeyIdentity.Of(http) is { Key: var key }) return key.MayActFor(tapId) ? null : Refusals.NotAllowed("The key is not the key of this tap.");
        var knew = KnowsAllKeys;
        return Open ? null : knew ? Refusals.NoKey("Who names a tapId speaks for that tap, and needs its key.") : Refusals.NotCaughtUp();
    }

    /// <summary>Why a hub like this must not start, or null.</summary>
    /// <param name="others">The addresses that others can reach.</param>
    public string? RefusalToStart(IReadOnlyList<string> others, string command)
    {
        if (keys.AnyGood || (others.Count == 0 && options.Open == Opening.Auto)) return null;
        var why = others.Count > 0
            ? $"The hub would listen on {string.Join(", ", others)}, where others can reach it, and there is no key"
            : "Security:Open is never, and there is no key";
        return $"{why}. Make one, which is shown once: {command}. Or name a file that holds one: --Security:OperatorKeyFile=FILE."
            + (others.Count > 0 ? " Or listen to this machine only: --urls=http://localhost:8338." : "");
    }
}
