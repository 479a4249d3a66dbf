// SPDX-License-Identifier: MIT
#include "lab/relational/verdict.h"

namespace ringfence::lab::relational {

std::string verdict_name(Verdict verdict) {
    switch (verdict) {
        case Verdict::Equal:
            return "equal";
        case Verdict::Differs:
            return "differs";
        case Verdict::Broken:
            break;
    }
    return "broken";
}

Judgement judge(const Comparison& secret, const Comparison& control) {
    if (!control.difference) {
        return {Verdict::Broken,
                "the control failed: memory that the attacker may read makes no difference either"};
    }
    if (secret.difference) {
        return {Verdict::Differs, "what user mode can find out by time depends on the secret"};
    }
    return {Verdict::Equal, "nothing that user mode can find out by time depends on the secret"};
}

Result examine(const machine::MachineRequest& request, const sim::presets::CpuModel& cpu,
               usize bytes, Keep keep, machine::StopRequest& stop) {
    const Moments moments = find_moments(request, cpu, bytes, stop);
    Result result;
    result.stopped = moments.stopped;
    if (moments.stopped || !moments.obstacle.empty()) {
        result.judgement = {Verdict::Broken, moments.obstacle};
        return result;
    }
    result.control = compare(*moments.own, Keep::Nothing, stop);
    result.secret = compare(*moments.secret, keep, stop);
    result.stopped = result.control.stopped || result.secret.stopped;
    result.judgement = judge(result.secret, result.control);
    result.moment = Moment{
        .machine = nullptr, .place = moments.secret->place, .content = moments.secret->content};
    if (result.secret.evidence) {
        result.chain = find_chain(*result.secret.evidence, moments.secret->place);
        result.secret.evidence.reset();
    }
    return result;
}

Answer answer_of(Verdict verdict) {
    return verdict == Verdict::Differs  ? Answer::DoesNotHold
           : verdict == Verdict::Broken ? Answer::CannotBeTold
                                        : Answer::Holds;
}

}  // namespace ringfence::lab::relational
