// Agents: whoever picks the best pose among pictures and says where the object belongs.
export {
  type Agent,
  type AgentOptions,
  type AgentUsage,
  type AgentWarning,
  type AgentWarningCode,
  type AnswerSource,
  CANVAS_PX,
  type ChooseOptions,
  type Exchange,
  type FixedBox,
  type LayoutAgent,
  type LayoutAttributes,
  type LayoutProposal,
  type LayoutQuestion,
  type LayoutStatus,
  type PoseAgent,
  type PoseChoice,
} from './agent.js';
export { type AgentFault, type AgentServer, type AgentServerOptions, serveAgent } from './agent-server.js';
export { type BoxRules, type CheckedBox, checkBox } from './boxes.js';
export {
  type LayoutNetwork,
  type LayoutSituation,
  openLayoutNetwork,
  type PlacedObject,
} from './layout-network.js';
export { layoutObject, layoutVerb } from './layout-words.js';
export { createLocalAgent } from './local-agent.js';
export { AGENT_NAMES, type AgentName, openAgent, openAiSettings } from './open-agent.js';
export { createOpenAiAgent, type OpenAiAgentOptions } from './openai-agent.js';
